# frozen_string_literal: true

Puppet::Type.newtype(:capsule_removal) do
  @doc = 'Takes a deployment away from a node: everything but backups, logs and the state of runs.'

  newparam(:deployment, namevar: true) { desc 'The name of the deployment.' }
  newparam(:node_name) { desc "The node's name in the inventory." }
  newparam(:hostname) { desc 'What the kernel calls the node that this is for.' }
  newparam(:machine_id) { desc 'What /etc/machine-id must say, if anything.' }
  newparam(:programs) { desc 'The directory of programs and keys.' }
  newparam(:state) { desc 'The directory of the record, of locks and of the state of runs.' }
  newparam(:accounts) { desc 'Accounts by name.' }
  newparam(:directories) { desc 'Directories by path.' }
  newparam(:files) { desc 'Files by path, without what is in them.' }
  newparam(:lock_seconds) { desc 'How long to wait for programs that run.' }

  newproperty(:programs_here) do
    desc 'Whether anything of the deployment is there that can be taken away.'
    newvalues(:none)
    defaultto :none
  end
end
