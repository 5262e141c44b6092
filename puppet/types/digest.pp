# @summary A SHA-256 in hexadecimal
type Capsule::Digest = Pattern[/\A[0-9a-f]{64}\z/]
