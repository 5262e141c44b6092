# frozen_string_literal: true

require_relative '../../../puppet_x/capsule/own_key'

Puppet::Type.type(:capsule_own_key).provide(:posix) do
  desc 'Linux with the ssh-keygen of OpenSSH.'

  def key
    @key ||= PuppetX::Capsule::OwnKey.new(resource[:path])
  end

  # One that an earlier build has brought goes away.
  def exists?
    guard = resource.catalog.resource(:capsule_guard, resource[:deployment])
    key.there? && !guard&.provider&.installation&.brought_earlier?(resource[:path])
  end

  def create
    comment = "capsule #{resource[:deployment]} #{resource[:node_name]}:#{File.basename(resource[:path])}"
    key.make(resource[:owner], resource[:group], resource[:mode], comment)
  end

  def public_half
    key.public_half
  end

  %i[owner group mode].each do |name|
    define_method(name) { key.public_send(name) }
    define_method("#{name}=") { |_wanted| key.give(resource[:owner], resource[:group], resource[:mode]) }
  end
end
