# frozen_string_literal: true

Puppet::Type.newtype(:capsule_account) do
  @doc = <<~DOC
    A local account with a locked password that sshd takes, whose user and group have one name and one number, made as
    every other delivery of Capsule makes it. One that is there already was looked at by `capsule_guard`.
  DOC

  ensurable do
    defaultvalues
    defaultto :present
  end

  newparam(:name, namevar: true) { desc 'The name of the user and of the group.' }
  newparam(:deployment) { desc 'The name of the deployment.' }
  newparam(:number) { desc 'The number of the user and of the group.' }
  newparam(:home) { desc 'The home directory, which is not made.' }
  newparam(:shell) { desc 'The login shell.' }
end
