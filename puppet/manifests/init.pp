# @summary Gives a node of a fleet the sealed backup programs that Capsule compiled for it, and everything they need
#
# The parameters are data that `gen build` writes, one file for each certificate name. Nothing has to be set by hand.
# What the files hold is looked up as `capsule::contents` and, where it is secret, as `capsule::secrets`.
#
# @param ensure
#   With `absent` everything is taken away that this or an earlier build, by whatever delivery, has put on the node;
#   never a backup, a log or the state of a run.
# @param manage_packages
#   Whether the packages that the programs need are installed. If not, a node without them is refused.
# @param lock_seconds
#   How long an installation waits for programs that run and would be replaced, before it refuses.
# @param deployment
#   The name of the deployment.
# @param node
#   The node's name in the inventory.
# @param hostname
#   What the kernel calls the node that this is for. Any other is refused.
# @param machine_id
#   What /etc/machine-id of the node says. Any other machine is refused; without it only the host name is asked for.
# @param paths
#   Where the deployment's own files lie.
# @param accounts
#   The operator and the accounts that own what comes from other nodes, by name.
# @param directories
#   Directories by path.
# @param files
#   Files by path, in the order in which they are put there.
# @param own_keys
#   Keys that the node makes by itself, by path.
# @param commands
#   The packages that bring the commands which the programs call, by the command's path; empty where nobody knows.
# @param packages
#   Further packages.
# @param clock
#   What the time zone must be that the schedules were proved for.
#
# @example A node of the fleet
#   include capsule
#
# @example A node that leaves the fleet
#   class { 'capsule':
#     ensure => absent,
#   }
class capsule (
  Enum['present', 'absent'] $ensure = 'present',
  Boolean $manage_packages = true,
  Integer[0] $lock_seconds = 60,
  Optional[Pattern[/\A[a-z0-9][a-z0-9-]*\z/]] $deployment = undef,
  Optional[String[1]] $node = undef,
  Optional[String[1]] $hostname = undef,
  Optional[Pattern[/\A[0-9a-f]{32}\z/]] $machine_id = undef,
  Optional[Capsule::Paths] $paths = undef,
  Hash[Capsule::Accountname, Capsule::Account] $accounts = {},
  Hash[Capsule::Path, Capsule::Directory] $directories = {},
  Hash[Capsule::Path, Capsule::File] $files = {},
  Hash[Capsule::Path, Capsule::Ownkey] $own_keys = {},
  Hash[Capsule::Path, String] $commands = {},
  Array[String[1]] $packages = [],
  Array[Capsule::Offset] $clock = [],
) {
  $oldest_puppet = '7.0.0'
  if versioncmp($facts['puppetversion'], $oldest_puppet) < 0 {
    fail("capsule: this agent is Puppet ${facts['puppetversion']}, and ${oldest_puppet} is the oldest that is supported")
  }
  if $deployment =~ Undef or $node =~ Undef or $hostname =~ Undef or $paths =~ Undef {
    fail("capsule: no data for the certificate name ${trusted['certname']}: no node of this fleet has it (certname in the inventory)")
  }
  $actual_hostname = $facts.dig('capsule', 'hostname')
  if $actual_hostname =~ Undef {
    fail('capsule: this agent sends no fact `capsule`: it has to load the facts of modules (pluginsync)')
  }
  if $actual_hostname != $hostname {
    fail("capsule: this was built for node ${node} with the host name ${hostname}, but this is ${actual_hostname}")
  }

  if $ensure == 'present' {
    contain capsule::packages
    contain capsule::guard
    contain capsule::accounts
    contain capsule::directories
    contain capsule::files
    contain capsule::removal
    contain capsule::keys
    contain capsule::timers
    contain capsule::seal

    Class['capsule::packages']
    -> Class['capsule::guard']
    -> Class['capsule::accounts']
    -> Class['capsule::directories']
    -> Class['capsule::files']
    -> Class['capsule::removal']
    -> Class['capsule::keys']
    -> Class['capsule::timers']
    -> Class['capsule::seal']
  } else {
    contain capsule::absence
  }
}
