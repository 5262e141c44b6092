# frozen_string_literal: true

Puppet::Type.type(:capsule_dropped).provide(:posix) do
  desc 'What `capsule_guard` found of the same deployment.'

  def installation
    resource.catalog.resource(:capsule_guard, resource[:deployment]).provider.installation
  end

  def files
    dropped = installation.dropped.keys
    dropped.empty? ? 'none' : dropped.join(', ')
  end

  def files=(_wanted)
    installation.remove(installation.dropped)
  end
end
