# frozen_string_literal: true

require 'open3'

require_relative 'installation'

module PuppetX
  module Capsule
    # Takes a deployment away: what is recorded, and what this build would have put there if the record is lost.
    class Removal < Installation
      # what starts a program or reaches it, then the programs
      FIRST = %w[timer service cron logrotate authorized_keys sudoers].freeze
      THEN = %w[private_key own_key known_hosts capsule manifest].freeze

      def installed?
        File.exist?(@record.path) || !going(all).empty?
      end

      def look
        check_hostname
        check_machine
        check_unpackaged
      end

      def remove_everything(lock_seconds)
        Locks.installer(@deployment)
        Held.refuse(@deployment, @programs, [])
        remove_kinds(FIRST)
        busy = Locks.programs(@state, going(all).select { |_, kind| kind == 'capsule' }.keys, lock_seconds)
        if busy
          raise Refused, "#{File.basename(busy)} is still running; nothing starts it any more: the next run tries again"
        end

        # looked at under the locks: nothing is paused or frozen from here on
        Held.refuse(@deployment, @programs, [])
        remove_kinds(THEN)
        leftovers.each { |path| FileUtils.rm_f(path) }
        remove_directories
        remove_accounts
        # last, because an interrupted run needs it again
        FileUtils.rm_f([Ways.temporary(@record.path), @record.path])
      end

      private

      def all
        known = @record.files.transform_values { |file| file[:kind] }
        with_made(@files.transform_values { |file| file['kind'] }.merge(known))
      end

      def kept
        @kept ||= [*@record.kept, *@directories.select { |_, directory| directory['keep'] }.keys].uniq
      end

      def remove_kinds(kinds)
        kinds.each { |kind| remove(going(all.select { |_, one| one == kind })) }
      end

      # Only directories that an installer made, only empty ones, the deepest first.
      def remove_directories
        (@record.made - kept).uniq.sort.reverse_each do |path|
          next if !File.directory?(path) || File.symlink?(path) || @ways.problem(path)

          remove_directory(path)
        end
      end

      def remove_directory(path)
        Dir.rmdir(path)
        Puppet.notice("capsule: removed #{path}")
      rescue Errno::ENOTEMPTY, Errno::EEXIST
        return if kept.any? { |one| one.start_with?("#{path}/") && File.directory?(one) }

        Puppet.warning("capsule: left: #{path}: it is not empty, and what is in it is not of this deployment")
      end

      def remove_accounts
        known = @accounts.transform_values { |account| "#{account['number']} #{account['home']}" }
        known.merge(@record.accounts).each do |name, details|
          number, home = details.split(' ', 2)
          remove_account(name, number.to_i, home)
        end
      end

      def remove_account(name, number, home)
        user = Accounts.user(name)
        return unless user || Accounts.group(name)

        if user && [user.uid, user.gid] != [number, number]
          Puppet.warning("capsule: left: the account #{name}: it is not the one that was made for this deployment")
        elsif needed_elsewhere?(name, home)
          Puppet.notice("capsule: kept the account #{name}: something else on this node uses it")
        elsif owns_kept?(number)
          Puppet.notice("capsule: kept the account #{name}: backups belong to it, and its number must not be given to anybody else")
        else
          Accounts.remove(name, number)
          Puppet.notice("capsule: removed the account #{name}")
        end
      end

      # Another deployment, or another rule, is about this account.
      def needed_elsewhere?(name, home)
        return true if File.exist?("#{home}/.ssh/authorized_keys")

        system('grep', '--quiet', '--recursive', '--word-regexp', '--fixed-strings', '--', name, '/etc/sudoers', '/etc/sudoers.d')
      end

      def owns_kept?(number)
        there = kept.select { |path| File.directory?(path) }
        return false if there.empty?

        said, = Open3.capture2('find', *there, '(', '-uid', number.to_s, '-o', '-gid', number.to_s, ')', '-print', '-quit')
        !said.empty?
      end
    end
  end
end
