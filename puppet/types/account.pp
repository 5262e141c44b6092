# @summary A local account with a locked password; the user and the group of that name have one number
type Capsule::Account = Struct[{
    number => Integer[1],
    home   => Capsule::Path,
    shell  => Capsule::Path,
}]
