# @summary Takes away what an earlier build has put on the node and this one does not have
# @api private
class capsule::removal {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  capsule_dropped { $capsule::deployment: }
}
