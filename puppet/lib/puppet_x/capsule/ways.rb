# frozen_string_literal: true

require 'digest'

module PuppetX
  module Capsule
    # Somebody has to do something before this can go on; the message is for them.
    class Refused < Puppet::Error; end

    # Paths that nobody but root can have tampered with, and files below them.
    class Ways
      NOBODY_ELSE = 0o022
      # what directories of backups, logs and state are judged by: distributions let a system group write in /var/log
      NO_STRANGER = 0o002

      def initialize
        @safe = {}
      end

      # Sentence that says why the way to `path` is not safe, or nil.
      #
      # Every directory on it must be a real one of root's without the bits `forbidden`, and the path no symbolic link.
      def problem(path, forbidden = NOBODY_ELSE)
        parents(path).each do |way|
          said = problem_of_directory(way, forbidden)
          return said if said
        end
        return unless File.symlink?(path)

        "#{path} is a symbolic link, which no installer of Capsule makes"
      end

      # Declares that `path` is made safe before anything is put into it.
      def trust(path)
        [NOBODY_ELSE, NO_STRANGER].each { |forbidden| @safe[[forbidden, path]] = true }
      end

      # Every directory above `path`, from the top, but the root itself.
      def parents(path)
        parts = path.delete_prefix('/').split('/')[0...-1]
        parts.each_index.map { |index| "/#{parts[0..index].join('/')}" }
      end

      # The name beside `path` that installers write under before they switch.
      def self.temporary(path)
        File.join(File.dirname(path), ".#{File.basename(path)}.capsule~")
      end

      def self.digest(path)
        Digest::SHA256.file(path).hexdigest
      end

      # Writes `text` to `path` in one switch, through no symbolic link that somebody put there.
      def self.replace(path, text)
        temporary = temporary(path)
        FileUtils.rm_f(temporary)
        File.open(temporary, File::WRONLY | File::CREAT | File::EXCL, 0o600) do |file|
          file.write(text)
          file.fsync
        end
        File.rename(temporary, path)
      end

      private

      def problem_of_directory(way, forbidden)
        return if @safe[[forbidden, way]]

        status = File.lstat(way)
        return "#{way} is a symbolic link: write the real path into the inventory, or make it a directory" if status.symlink?
        return "#{way} is not a directory" unless status.directory?

        if status.uid != 0 || (status.mode & forbidden) != 0
          return format('%<way>s can be changed by others than root (owner %<owner>d, mode %<mode>o): what lies below it is not safe',
                        way: way, owner: status.uid, mode: status.mode & 0o7777)
        end

        @safe[[forbidden, way]] = true
        nil
      rescue Errno::ENOENT
        # what is missing will be made
        nil
      end
    end
  end
end
