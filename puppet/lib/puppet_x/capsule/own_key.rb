# frozen_string_literal: true

require 'etc'
require 'open3'

require_relative 'ways'

module PuppetX
  module Capsule
    # A key that this node makes by itself, as every other delivery of Capsule makes it.
    class OwnKey
      # behind the key's name, the name of the sealed file that says what the key may be
      SUFFIX = '.own'
      PUBLIC_HALF = /\A(ssh-ed25519 [A-Za-z0-9+\/]{68})(?: .*)?\z/.freeze

      def initialize(path)
        @path = path
      end

      def there?
        File.exist?(@path) || File.symlink?(@path)
      end

      # nil where there is no ssh-ed25519 key without a passphrase
      def public_half
        return unless File.file?(@path)

        # over a pipe: of a file ssh-keygen would say that too many may read it
        said, _, status = Open3.capture3('ssh-keygen', '-y', '-P', '', '-f', '/dev/stdin', stdin_data: File.binread(@path))
        said.chomp[PUBLIC_HALF, 1] if status.success?
      end

      def make(owner, group, mode, comment)
        temporary = Ways.temporary(@path)
        leftovers.each { |path| FileUtils.rm_f(path) }
        said, status = Open3.capture2e(
          'ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', temporary, stdin_data: ''
        )
        raise Puppet::Error, "ssh-keygen: #{said.strip}" unless status.success?

        File.unlink("#{temporary}.pub")
        give(owner, group, mode, temporary)
        File.open(temporary, &:fsync)
        File.rename(temporary, @path)
      end

      def give(owner, group, mode, path = @path)
        File.chown(Etc.getpwnam(owner).uid, Etc.getgrnam(group).gid, path)
        File.chmod(mode.oct, path)
      end

      # What a run that was killed may have left.
      def leftovers
        temporary = Ways.temporary(@path)
        [temporary, "#{temporary}.pub"]
      end

      def owner
        Etc.getpwuid(File.lstat(@path).uid).name
      rescue ArgumentError
        File.lstat(@path).uid.to_s
      end

      def group
        Etc.getgrgid(File.lstat(@path).gid).name
      rescue ArgumentError
        File.lstat(@path).gid.to_s
      end

      def mode
        format('%04o', File.lstat(@path).mode & 0o7777)
      end
    end
  end
end
