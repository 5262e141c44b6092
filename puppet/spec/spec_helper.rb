# frozen_string_literal: true

require 'rspec-puppet'
require 'tmpdir'

# Puppet finds a module by the name of its directory, and a checkout may have any.
modules = Dir.mktmpdir('modules')
File.symlink(File.expand_path('..', __dir__), File.join(modules, 'capsule'))
at_exit { FileUtils.remove_entry(modules) }

RSpec.configure do |config|
  config.module_path = modules
  config.setup_fixtures = false
  config.hiera_config = File.expand_path('fixtures/hiera.yaml', __dir__)
  config.default_facts = {
    'kernel' => 'Linux',
    'os' => { 'family' => 'Debian', 'name' => 'Debian', 'release' => { 'major' => '12', 'full' => '12.8' } },
    'puppetversion' => Puppet.version,
    'capsule' => { 'hostname' => 'web-1', 'deployments' => {} },
  }
end
