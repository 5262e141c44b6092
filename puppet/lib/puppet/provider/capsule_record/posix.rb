# frozen_string_literal: true

Puppet::Type.type(:capsule_record).provide(:posix) do
  desc 'What `capsule_guard` found of the same deployment.'

  def installation
    resource.catalog.resource(:capsule_guard, resource[:deployment]).provider.installation
  end

  def record
    installation.done? ? :complete : :outdated
  end

  def record=(_wanted)
    installation.done!
  end
end
