# frozen_string_literal: true

Puppet::Type.newtype(:capsule_guard) do
  @doc = <<~DOC
    Looks at everything that could be wrong with a node before anything is touched, keeps other installers and the
    programs that would be replaced from running until the run ends, and records what is going to be there.
    What is wrong fails it, and with it everything that needs it.
  DOC

  newparam(:deployment, namevar: true) { desc 'The name of the deployment.' }
  newparam(:node_name) { desc "The node's name in the inventory." }
  newparam(:hostname) { desc 'What the kernel calls the node that this is for.' }
  newparam(:machine_id) { desc 'What /etc/machine-id must say, if anything.' }
  newparam(:programs) { desc 'The directory of programs and keys.' }
  newparam(:state) { desc 'The directory of the record, of locks and of the state of runs.' }
  newparam(:accounts) { desc 'Accounts by name.' }
  newparam(:directories) { desc 'Directories by path.' }
  newparam(:files) { desc 'Files by path, without what is in them.' }
  newparam(:own_keys) { desc 'Keys that the node makes by itself, by path, with the public halves that they may have.' }
  newparam(:commands) { desc 'Packages by the path of the command that they bring.' }
  newparam(:clock) { desc 'UTC offsets that the time zone must have.' }
  newparam(:lock_seconds) { desc 'How long to wait for programs that run.' }

  newproperty(:record) do
    desc 'Whether the record knows everything that this run is going to put there.'
    newvalues(:noted)
    defaultto :noted
  end
end
