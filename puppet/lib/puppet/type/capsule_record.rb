# frozen_string_literal: true

Puppet::Type.newtype(:capsule_record) do
  @doc = 'Records, when everything of the build of `capsule_guard` is there, that nothing else is.'

  newparam(:deployment, namevar: true) { desc 'The name of the deployment.' }

  newproperty(:record) do
    desc 'Whether the record knows this build and nothing else.'
    newvalues(:complete)
    defaultto :complete
  end
end
