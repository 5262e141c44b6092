# @summary Finds everything that could be wrong before anything is touched, and records what is going to be there
# @api private
class capsule::guard {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  capsule_guard { $capsule::deployment:
    node_name    => $capsule::node,
    hostname     => $capsule::hostname,
    machine_id   => $capsule::machine_id,
    programs     => $capsule::paths['programs'],
    state        => $capsule::paths['state'],
    accounts     => $capsule::accounts,
    directories  => $capsule::directories,
    files        => $capsule::files,
    own_keys     => $capsule::own_keys,
    commands     => $capsule::commands,
    clock        => $capsule::clock,
    lock_seconds => $capsule::lock_seconds,
  }
}
