# @summary The operator and the accounts that own what comes from other nodes
# @api private
class capsule::accounts {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  $capsule::accounts.each |$account, $details| {
    capsule_account { $account:
      deployment => $capsule::deployment,
      *          => $details,
    }
  }
}
