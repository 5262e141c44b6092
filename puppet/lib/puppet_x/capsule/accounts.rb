# frozen_string_literal: true

require 'etc'
require 'open3'

require_relative 'ways'

module PuppetX
  module Capsule
    # Local accounts with a locked password, whose user and group have one name and one number.
    module Accounts
      # getent is asked for so many at once
      AT_ONCE = 500

      class << self
        # Sentence that says why an account cannot be as it must be, or nil; `password` is the one that it has now, if any.
        def problem(name, number, home, shell, password)
          group = group(name)
          return "there is a group #{name} already, with another number than #{number}: #{group.gid}" if group && group.gid != number

          taken = taken(name, number)
          return taken if taken

          user = user(name)
          return unless user
          return wrong(user, number, home, shell) unless as_built?(user, number, home, shell)
          return if password&.start_with?('*', '!')

          "the account #{name} has a password: lock it with usermod --password '*' #{name}"
        end

        # The passwords of the accounts `names` that have one, by name.
        def passwords(names)
          names.each_slice(AT_ONCE).flat_map { |slice| run_getent(slice) }.to_h
        end

        def there?(name)
          !user(name).nil? && !group(name).nil?
        end

        # As install.sh makes them.
        def make(deployment, name, number, home, shell)
          run('groupadd', '--system', '--gid', number.to_s, '--', name) unless group(name)
          return if user(name)

          # no log entries: those files are indexed by number, and some of ours are huge; `*` matches no password, and
          # sshd does not take it for a locked account as it does `!`
          run('useradd', '--system', '--no-log-init', '--no-create-home', '--uid', number.to_s, '--gid', number.to_s,
              '--home-dir', home, '--shell', shell, '--password', '*', '--comment', "Capsule #{deployment}", '--', name)
        end

        def remove(name, number)
          run('userdel', '--', name) if user(name)
          # userdel leaves the group where the node is set up so
          run('groupdel', '--', name) if group(name)&.gid == number
        end

        def user(name)
          Etc.getpwnam(name)
        rescue ArgumentError
          nil
        end

        def group(name)
          Etc.getgrnam(name)
        rescue ArgumentError
          nil
        end

        private

        def taken(name, number)
          group = by_number { Etc.getgrgid(number) }
          return "the number #{number} of the group #{name} is taken: #{group.name}" if group && group.name != name

          user = by_number { Etc.getpwuid(number) }
          "the number #{number} of the account #{name} is taken: #{user.name}" if user && user.name != name
        end

        def by_number
          yield
        rescue ArgumentError
          nil
        end

        def as_built?(user, number, home, shell)
          [user.uid, user.gid, user.dir, user.shell] == [number, number, home, shell]
        end

        def wrong(user, number, home, shell)
          "there is an account #{user.name} already that is not as it was built: " \
            "#{user.uid}:#{user.gid}:#{user.dir}:#{user.shell}; " \
            "number and group #{number}, home #{home} and shell #{shell} were expected"
        end

        def run_getent(names)
          out, _, status = Open3.capture3('getent', 'shadow', *names)
          # 2: some of them are not there
          raise Refused, "the shadow database does not answer (getent: #{status.exitstatus})" unless [0, 2].include?(status.exitstatus)

          out.each_line.map { |line| line.split(':')[0, 2] }
        end

        def run(*command)
          said, status = Open3.capture2e(*command)
          raise Puppet::Error, "#{command.first}: #{said.strip}" unless status.success?
        end
      end
    end
  end
end
