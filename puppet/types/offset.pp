# @summary What the node's clock must be from UTC at a Unix time, as `date +%::z` prints it
type Capsule::Offset = Struct[{
    time   => Integer,
    offset => Pattern[/\A[+-]\d\d:\d\d:\d\d\z/],
}]
