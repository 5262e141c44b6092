# frozen_string_literal: true

Puppet::Type.newtype(:capsule_dropped) do
  @doc = 'Takes away the files of earlier builds that the build of `capsule_guard` does not have.'

  newparam(:deployment, namevar: true) { desc 'The name of the deployment.' }

  newproperty(:files) do
    desc 'Files of earlier builds that are still there.'
    defaultto 'none'

    def change_to_s(current, _wanted)
      "removed #{current}"
    end
  end
end
