# frozen_string_literal: true

require 'open3'

require_relative 'accounts'
require_relative 'own_key'
require_relative 'ways'

module PuppetX
  module Capsule
    # Everything that could be wrong is found before anything is touched; what is wrong is raised as `Refused`.
    module Looking
      # the first with OnSuccess=
      OLDEST_SYSTEMD = 249

      private

      def check_hostname
        actual = File.read('/proc/sys/kernel/hostname').chomp
        return if actual == @hostname

        raise Refused, "this was built for node #{@node_name} with the host name #{@hostname}, but this is #{actual}"
      end

      def check_machine
        return if @machine_id.nil? || @machine_id.empty?

        actual = File.readable?('/etc/machine-id') ? File.read('/etc/machine-id').chomp : 'unknown'
        return if actual == @machine_id

        raise Refused, "this was built for the machine of node #{@node_name}, but this one's id is #{actual} (/etc/machine-id)"
      end

      # dpkg would one day take away what is put over its files, and miss what is removed behind its back.
      def check_unpackaged
        return unless File.executable?('/usr/bin/dpkg-query')

        package = "capsule-#{@deployment}-#{@node_name}"
        status, = Open3.capture3('dpkg-query', '--show', '--showformat=${db:Status-Status}', '--', package)
        return if ['', 'not-installed', 'config-files'].include?(status)

        raise Refused, "dpkg has installed #{@deployment} here, as the package #{package}: " \
                       "remove that first (dpkg --remove #{package}): backups, logs and state stay"
      end

      # `noop`: packages that are missing would have been installed by now.
      def check_commands(noop)
        missing = @commands.reject { |path, _| File.executable?(path) }
        missing.each do |path, package|
          said = "there is no #{path}: install #{package.empty? ? 'what brings it' : "the package #{package}"}"
          raise Refused, said unless noop

          Puppet.warning("capsule: #{said}")
        end
      end

      def check_scheduler
        return unless @files.any? { |_, file| file['kind'] == 'timer' }

        unless File.directory?('/run/systemd/system')
          raise Refused, "this node's schedules are timers, and systemd does not run here: " \
                         'boot it with systemd, or build with scheduler: cron'
        end
        version = Open3.capture2('systemctl', '--version').first[/\Asystemd (\d+)/, 1].to_i
        return if version >= OLDEST_SYSTEMD

        raise Refused, "systemd #{version} is older than #{OLDEST_SYSTEMD}: build with scheduler: cron"
      end

      def check_clock
        return if @clock.empty?

        asked = @clock.map { |sample| "@#{sample['time']}\n" }.join
        said = Open3.capture2({ 'TZ' => nil }, 'date', '--file=-', '+%::z', stdin_data: asked).first.split("\n")
        @clock.zip(said).each do |sample, actual|
          next if sample['offset'] == actual

          raise Refused, "this node's time zone is not the one its schedules were proved for: " \
                         "at #{Time.at(sample['time']).utc.strftime('%F')} its clock is #{actual} from UTC, " \
                         "and #{sample['offset']} was expected: set the time zone (timedatectl set-timezone), " \
                         'or write the right one into the inventory and build again'
        end
      end

      def check_accounts
        passwords = Accounts.passwords(@accounts.keys)
        @accounts.each do |name, account|
          said = Accounts.problem(name, account['number'], account['home'], account['shell'], passwords[name])
          raise Refused, said if said
        end
      end

      def check_places
        @directories.sort.each { |path, directory| check_directory(path, directory) }
        @files.each { |path, file| check_file(path, file) }
      end

      # Each can be made, or the one that is there is the one that the inventory knows.
      def check_own_keys
        @own_keys.each do |path, details|
          said = @ways.problem(path)
          raise Refused, said if said

          there = OwnKey.new(path)
          if !there.there? || brought_earlier?(path)
            check_unmade(path, details['known'])
          else
            check_made(path, there.public_half, details['known'])
          end
        end
      end

      def check_unmade(path, known)
        return if known.empty?

        raise Refused, "this node does not have the key #{path} whose public half the inventory knows: put it back, " \
                       "or write 'unknown' in its place and build again: then this node makes another"
      end

      def check_made(path, half, known)
        raise Refused, "#{path} is in the way: it is not a file" unless File.file?(path)
        raise Refused, "#{path} is not an ssh-ed25519 key without a passphrase: move it away, then this node makes another" unless half
        return if known.empty? || known.include?(half)

        raise Refused, "the key #{path} is not the one that the inventory knows: its public half is #{half}: " \
                       'put the right key back; or write this half into the inventory if it is meant, and build again'
      end

      def check_directory(path, directory)
        said = @ways.problem(path, directory['keep'] ? Ways::NO_STRANGER : Ways::NOBODY_ELSE)
        raise Refused, said if said
        raise Refused, "#{path} is in the way: it is not a directory" if File.exist?(path) && !File.directory?(path)

        # whatever its owner and mode are now, they are set before anything is put into it
        @ways.trust(path)
      end

      def check_file(path, file)
        said = @ways.problem(path)
        raise Refused, said if said
        return unless File.exist?(path)
        raise Refused, "#{path} is in the way: it is not a file" unless File.file?(path)
        return if ours?(path) || Ways.digest(path) == file['sha256']

        raise Refused, "#{path} is there already and is not of this deployment: it would be lost; move it away, " \
                       'or give this deployment an operator of its own if it is another one that uses it'
      end
    end
  end
end
