# @summary The packages that bring what the programs call
# @api private
class capsule::packages {
  if $caller_module_name != $module_name {
    fail("${name} is a part of capsule that is not to be used by itself")
  }

  if $capsule::manage_packages {
    $wanted = ($capsule::commands.values + $capsule::packages).filter |$package| { $package != '' }
    $wanted.unique.sort.each |$package| {
      unless defined(Package[$package]) {
        package { $package:
          ensure => installed,
        }
      }
    }
  }
}
