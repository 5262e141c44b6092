# frozen_string_literal: true

Puppet::Type.newtype(:capsule_own_key) do
  @doc = <<~DOC
    An ssh key that this node makes by itself, if it has none. One that is there is never replaced: `capsule_guard` has
    looked whether it is the one that the inventory knows. The public half is told by the fact `capsule_public_keys`.
  DOC

  ensurable do
    newvalue(:present) { provider.create }
    defaultto :present

    def change_to_s(_current, _wanted)
      "made the key; its public half is #{provider.public_half}"
    end
  end

  newparam(:path, namevar: true) { desc 'Where the private half lies.' }
  newparam(:deployment) { desc 'The name of the deployment.' }
  newparam(:node_name) { desc "The node's name in the inventory." }

  newproperty(:owner) { desc 'The account that the file belongs to.' }
  newproperty(:group) { desc 'The group that may read it.' }
  newproperty(:mode) { desc 'Its permissions, in four octal digits.' }
end
