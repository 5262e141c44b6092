# @summary Takes everything of the deployment away but backups, logs and state
# @api private
class capsule::absence {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  capsule_removal { $capsule::deployment:
    hostname     => $capsule::hostname,
    machine_id   => $capsule::machine_id,
    node_name    => $capsule::node,
    programs     => $capsule::paths['programs'],
    state        => $capsule::paths['state'],
    accounts     => $capsule::accounts,
    directories  => $capsule::directories,
    files        => $capsule::files,
    lock_seconds => $capsule::lock_seconds,
  }
}
