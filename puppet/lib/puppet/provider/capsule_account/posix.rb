# frozen_string_literal: true

require_relative '../../../puppet_x/capsule/accounts'

Puppet::Type.type(:capsule_account).provide(:posix) do
  desc 'Linux with the programs of shadow.'

  def exists?
    PuppetX::Capsule::Accounts.there?(resource[:name])
  end

  def create
    PuppetX::Capsule::Accounts.make(
      resource[:deployment], resource[:name], resource[:number], resource[:home], resource[:shell]
    )
  end

  def destroy
    PuppetX::Capsule::Accounts.remove(resource[:name], resource[:number])
  end
end
