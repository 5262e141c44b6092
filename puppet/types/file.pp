# @summary A file on a node; what is in it is looked up on its own, so that it stands in a catalog once
type Capsule::File = Struct[{
    kind      => Capsule::Kind,
    owner     => Capsule::Accountname,
    group     => Capsule::Accountname,
    mode      => Capsule::Mode,
    sha256    => Capsule::Digest,
    sensitive => Boolean,
}]
