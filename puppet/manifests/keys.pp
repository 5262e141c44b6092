# @summary Keys that the node makes by itself, where they are missing; their private halves never leave it
# @api private
class capsule::keys {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  $capsule::own_keys.each |$path, $details| {
    capsule_own_key { $path:
      deployment => $capsule::deployment,
      node_name  => $capsule::node,
      owner      => $details['owner'],
      group      => $details['group'],
      mode       => $details['mode'],
    }
  }
}
