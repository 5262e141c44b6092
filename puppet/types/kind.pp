# @summary What a file on a node is
type Capsule::Kind = Enum[
  'sudoers',
  'capsule',
  'known_hosts',
  'private_key',
  'own_key',
  'authorized_keys',
  'cron',
  'service',
  'timer',
  'logrotate',
  'manifest'
]
