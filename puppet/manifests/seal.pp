# @summary The manifest, which says that everything else is there, and the record of what is
# @api private
class capsule::seal {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  $contents = lookup('capsule::contents', Hash[Capsule::Path, Capsule::Content])
  $manifests = $capsule::files.filter |$path, $details| { $details['kind'] == 'manifest' }
  $manifests.each |$path, $details| {
    file { $path:
      ensure  => file,
      owner   => $details['owner'],
      group   => $details['group'],
      mode    => $details['mode'],
      content => capsule::bytes($contents[$path]),
      backup  => false,
      before  => Capsule_record[$capsule::deployment],
    }
  }
  capsule_record { $capsule::deployment: }
}
