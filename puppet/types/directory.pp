# @summary A directory; those to keep hold backups, logs or state, and outlive everything
type Capsule::Directory = Struct[{
    owner => Capsule::Accountname,
    group => Capsule::Accountname,
    mode  => Capsule::Mode,
    keep  => Boolean,
}]
