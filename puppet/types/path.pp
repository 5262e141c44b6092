# @summary An absolute path without control characters, empty parts and a slash at its end
type Capsule::Path = Pattern[/\A(\/[^\/\x00-\x1f\x7f]+)+\z/]
