# frozen_string_literal: true

require 'json'

# What of Capsule is on this node.
#
# `hostname` is what the kernel calls it, `deployments` what the records below /var/lib/capsule say is installed:
# the paths by what they are, and node and build from the manifest. No contents and no digests.
Facter.add(:capsule) do
  confine kernel: 'Linux'

  setcode do
    deployments = {}
    Dir.glob('/var/lib/capsule/*/installed').sort.each do |record|
      begin
        files = File.readlines(record, chomp: true, encoding: Encoding::UTF_8).map { |line| line.split(' ', 4) }
        files = files.select { |fact, *| fact == 'file' }.map { |_, kind, _, path| [kind, path] }.uniq
        manifest = files.assoc('manifest')&.last
        sealed = manifest && File.file?(manifest) ? JSON.parse(File.read(manifest, encoding: Encoding::UTF_8)) : {}
        deployments[File.basename(File.dirname(record))] = {
          'node' => sealed['node'],
          'build_id' => sealed['build_id'],
          'files' => files.group_by(&:first).transform_values { |known| known.map(&:last).sort },
        }
      rescue SystemCallError, JSON::ParserError
        # a record that only root may read, or a manifest that somebody spoiled: the next run says what is wrong
        next
      end
    end
    { 'hostname' => File.read('/proc/sys/kernel/hostname').chomp, 'deployments' => deployments }
  end
end
