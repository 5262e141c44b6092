# frozen_string_literal: true

require_relative '../../../puppet_x/capsule/installation'

Puppet::Type.type(:capsule_guard).provide(:posix) do
  desc 'Linux with the programs of shadow and GNU coreutils.'

  # Called when the run is over, however it went.
  def self.post_resource_eval
    PuppetX::Capsule::Locks.release
  end

  def installation
    @installation ||= PuppetX::Capsule::Installation.new(resource)
  end

  def record
    installation.look(commands: resource[:commands] || {}, clock: [resource[:clock] || []].flatten(1),
                      own_keys: resource[:own_keys] || {}, lock_seconds: resource[:lock_seconds] || 0, noop: resource.noop?)
    installation.noted? ? :noted : :outdated
  end

  def record=(_wanted)
    installation.note!
  end
end
