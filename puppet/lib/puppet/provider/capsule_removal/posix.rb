# frozen_string_literal: true

require_relative '../../../puppet_x/capsule/removal'

Puppet::Type.type(:capsule_removal).provide(:posix) do
  desc 'Linux with the programs of shadow, GNU findutils and grep.'

  # Called when the run is over, however it went.
  def self.post_resource_eval
    PuppetX::Capsule::Locks.release
  end

  def removal
    @removal ||= PuppetX::Capsule::Removal.new(resource)
  end

  def programs_here
    removal.look
    removal.installed? ? :some : :none
  end

  def programs_here=(_wanted)
    removal.remove_everything(resource[:lock_seconds] || 0)
  end
end
