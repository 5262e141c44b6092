# @summary Permissions in four octal digits
type Capsule::Mode = Pattern[/\A[0-7]{4}\z/]
