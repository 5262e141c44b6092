# @summary Directories, with their owners and modes
# @api private
class capsule::directories {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  $capsule::directories.each |$path, $details| {
    file { $path:
      ensure => directory,
      owner  => $details['owner'],
      group  => $details['group'],
      mode   => $details['mode'],
    }
  }
}
