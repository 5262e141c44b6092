# @summary Files, one after the other: where one fails, those after it stay as they are
# @api private
class capsule::files {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  $contents = lookup('capsule::contents', Hash[Capsule::Path, Capsule::Content])
  $secrets = lookup('capsule::secrets', Sensitive[Hash[Capsule::Path, Capsule::Content]])

  $placed = $capsule::files.filter |$path, $details| { $details['kind'] != 'manifest' }
  $placed.reduce(undef) |$before, $entry| {
    [$path, $details] = $entry
    $content = $details['sensitive'] ? {
      true    => Sensitive(capsule::bytes($secrets.unwrap[$path])),
      default => capsule::bytes($contents[$path]),
    }
    # what is being written must not be taken for a rule, a schedule or a unit: nothing reads /etc itself
    $staging_location = $path ? {
      /\A\/etc\// => '/etc',
      default     => undef,
    }
    $validate_cmd = $details['kind'] ? {
      'sudoers' => '/usr/sbin/visudo --check --file=%',
      default   => undef,
    }
    file { $path:
      ensure           => file,
      owner            => $details['owner'],
      group            => $details['group'],
      mode             => $details['mode'],
      content          => $content,
      show_diff        => !$details['sensitive'],
      backup           => false,
      staging_location => $staging_location,
      validate_cmd     => $validate_cmd,
      require          => $before,
    }
    File[$path]
  }
}
