# @summary The name of an account, as useradd takes it
type Capsule::Accountname = Pattern[/\A[a-z_][a-z0-9_-]{0,31}\z/]
