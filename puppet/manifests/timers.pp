# @summary Timers of systemd: what is in place is loaded, enabled and started
# @api private
class capsule::timers {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  $timers = $capsule::files.filter |$path, $details| { $details['kind'] == 'timer' }
  $units = $capsule::files.filter |$path, $details| { $details['kind'] in ['service', 'timer'] }

  unless $units.empty {
    $names = $units.keys.map |$path| { $path.regsubst('\A.*/', '') }
    exec { "capsule: load the units of ${capsule::deployment}":
      command  => 'systemctl daemon-reload',
      onlyif   => "systemctl show --property=NeedDaemonReload --value -- ${names.join(' ')} | grep --quiet --line-regexp yes",
      path     => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
      provider => shell,
    }
  }
  $timers.keys.each |$path| {
    # one whose times have changed would go on with the old ones
    service { $path.regsubst('\A.*/', ''):
      ensure    => running,
      enable    => true,
      provider  => systemd,
      require   => Exec["capsule: load the units of ${capsule::deployment}"],
      subscribe => File[$path],
    }
  }
}
