# @summary A key that the node makes by itself: whose it is, and the public halves that it may have, none if nobody knows them
type Capsule::Ownkey = Struct[{
    owner => Capsule::Accountname,
    group => Capsule::Accountname,
    mode  => Capsule::Mode,
    known => Array[Capsule::Publichalf],
}]
