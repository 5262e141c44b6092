# @summary Where a deployment's own files lie on every node
type Capsule::Paths = Struct[{
    programs => Capsule::Path,
    state    => Capsule::Path,
}]
