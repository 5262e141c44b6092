# frozen_string_literal: true

require 'json'
require 'open3'

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

# The public halves of the keys that this node has made by itself: by deployment, then by the key's name.
#
# `gen import puppetdb` takes them for the keys of which the inventory says so. A private half is read, and never told.
Facter.add(:capsule_public_keys) do
  confine kernel: 'Linux'

  setcode do
    told = {}
    Dir.glob('/var/lib/capsule/*/installed').sort.each do |record|
      begin
        files = File.readlines(record, chomp: true, encoding: Encoding::UTF_8).map { |line| line.split(' ', 4) }
      rescue SystemCallError
        # a record that only root may read
        next
      end
      keys = files.select { |fact, kind, *| fact == 'file' && kind == 'own_key' }.map { |*, path| path.to_s.delete_suffix('.own') }
      keys.uniq.sort.each do |key|
        begin
          # over a pipe: of a file ssh-keygen would say that too many may read it
          said, = Open3.capture3('ssh-keygen', '-y', '-P', '', '-f', '/dev/stdin', stdin_data: File.binread(key))
        rescue SystemCallError
          # it is not made yet, or there is no ssh-keygen
          next
        end
        half = said.chomp[/\A(ssh-ed25519 [A-Za-z0-9+\/]{68})(?: .*)?\z/, 1]
        (told[File.basename(File.dirname(record))] ||= {})[File.basename(key)] = half if half
      end
    end
    told
  end
end
