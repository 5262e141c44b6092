# frozen_string_literal: true

require 'fileutils'

require_relative 'accounts'
require_relative 'held'
require_relative 'locks'
require_relative 'looking'
require_relative 'own_key'
require_relative 'record'
require_relative 'units'
require_relative 'ways'

module PuppetX
  module Capsule
    # One deployment on this node: what a build brings, what is recorded, and what is there.
    class Installation
      include Looking

      # what starts or reaches a program goes before the program
      REMOVAL_ORDER = %w[logrotate timer service cron authorized_keys private_key own_key known_hosts capsule sudoers
                         manifest].freeze
      # what Puppet adds to a file's name while it writes it
      PUPPETS_NAME = /\d{8}-\d+-[a-z0-9]+\z/.freeze

      attr_reader :record, :files, :state

      def initialize(resource)
        @deployment = resource[:deployment]
        %i[node_name hostname machine_id programs state].each { |name| instance_variable_set("@#{name}", resource[name]) }
        %i[accounts directories files].each { |name| instance_variable_set("@#{name}", resource[name] || {}) }
        @own_keys = {}
        @ways = Ways.new
        @record = Record.new(@state)
      end

      # Raises `Refused` if the build cannot be installed here now; without `noop` holds what keeps it so until the run ends.
      def look(commands:, clock:, own_keys:, lock_seconds:, noop:)
        check_hostname
        check_machine
        check_unpackaged
        @commands = commands
        @clock = clock
        @own_keys = own_keys
        check_commands(noop)
        check_scheduler
        check_clock
        check_accounts
        check_places
        check_own_keys
        note
        return if noop

        Locks.installer(@deployment)
        programs = changing
        busy = Locks.programs(@state, programs, lock_seconds)
        raise Refused, "#{File.basename(busy)} is running and would be replaced: nothing was changed; the next run tries again" if busy

        # looked at under the locks: nothing is paused or frozen from here on
        Held.refuse(@deployment, @programs, @files.keys) unless programs.empty?
      end

      # The record while the node changes, and what has to be there for it.
      def noted?
        @record.says?(@record.text(brought, old: true)) && missing_parents.empty? && leftovers.empty?
      end

      def note!
        make_directory(@state)
        @record.write(@record.text(brought, old: true))
        missing_parents.each { |path| make_directory(path) }
        leftovers.each do |path|
          FileUtils.rm_f(path)
          Puppet.notice("capsule: removed #{path}, left by an interrupted run")
        end
      end

      # The record when everything is there.
      def done?
        @record.says?(@record.text(brought, old: false))
      end

      def done!
        @record.write(@record.text(brought, old: false))
      end

      # Recorded files that this build no longer has and that are still there, in the order in which they go.
      def dropped
        @dropped ||= begin
          old = (@record.files.keys - @files.keys).to_h { |path| [path, @record.files[path][:kind]] }
          # what was made in the place of a key that an earlier build brought, by a run that did not come to its end
          going(with_made(old.reject { |path, _| @own_keys.key?(path) && !brought_earlier?(path) }))
        end
      end

      # Whether what lies there is the key that an earlier build brought and this one does not.
      def brought_earlier?(path)
        @record.files.dig(path, :kind) == 'private_key' && !@files.key?(path) && File.file?(path) &&
          @record.files[path][:digests].include?(Ways.digest(path))
      end

      # Removes the files `paths`, path => kind, with what is to be told of each.
      def remove(paths)
        paths.each do |path, kind|
          said = how_it_was(path, kind)
          Units.stop(File.basename(path)) if kind == 'timer'
          File.unlink(path)
          Puppet.notice("capsule: removed #{path}#{said}")
        end
        Units.reload unless (paths.values & %w[timer service]).empty?
      end

      # Those of `paths`, path => kind, that are there and may be removed; says which are left, and why.
      def going(paths)
        there = paths.select { |path, _| File.exist?(path) || File.symlink?(path) }
        there = there.select { |path, kind| removable?(path, kind) }
        there.sort_by { |path, kind| [REMOVAL_ORDER.index(kind), path] }.to_h
      end

      private

      def how_it_was(path, kind)
        return ', which this node had made' if kind == 'own_key' && !known_digests(path).any?
        return if known_digests(path).include?(Ways.digest(path))

        ', which had been altered since it was installed'
      end

      # With the sealed file that speaks of it goes the key that the node has made, unless this build brings another there.
      def with_made(paths)
        spoken_of = paths.select { |_, kind| kind == 'own_key' }.keys.map { |path| path.delete_suffix(OwnKey::SUFFIX) }
        paths.merge((spoken_of - @files.keys).to_h { |path| [path, 'own_key'] })
      end

      # path => [kind, digest]
      def brought
        @files.transform_values { |file| [file['kind'], file['sha256']] }
      end

      # What is about to be made is recorded as made.
      def note
        @directories.each do |path, directory|
          note_missing(path)
          @record.kept << path if directory['keep']
        end
        @accounts.each { |name, account| @record.accounts[name] = "#{account['number']} #{account['home']}" }
      end

      # The way to the record is there before the record is, and outlives it.
      def note_missing(path)
        ways = [*@ways.parents(path), path] - [*@ways.parents(@state), @state]
        ways.each { |way| @record.made << way unless File.exist?(way) }
      end

      def missing_parents
        ways = [@state, *@directories.keys.flat_map { |path| @ways.parents(path) }]
        ways.uniq.reject { |way| @directories.key?(way) && way != @state }.reject { |way| File.directory?(way) }
      end

      def make_directory(path)
        [*@ways.parents(path), path].each do |way|
          next if File.directory?(way)

          Dir.mkdir(way)
          File.chmod(0o755, way)
        end
      end

      # Programs that this run would replace or take away.
      def changing
        due = @files.select { |path, file| file['kind'] == 'capsule' && File.exist?(path) && !in_place?(path, file) }
        due.keys + dropped.select { |_, kind| kind == 'capsule' }.keys
      end

      def in_place?(path, file)
        status = File.lstat(path)
        status.uid == Accounts.user(file['owner'])&.uid && status.gid == Accounts.group(file['group'])&.gid &&
          (status.mode & 0o7777) == file['mode'].oct && Ways.digest(path) == file['sha256']
      end

      # Files that a run which was killed may have left under temporary names.
      def leftovers
        names = (@files.keys + @record.files.keys).uniq.group_by { |path| File.dirname(path) }
        staged = names.select { |directory, _| directory.start_with?('/etc/') }.values.flatten
        names = names.merge('/etc' => staged) { |_, own, others| own + others }
        names.flat_map { |directory, paths| left_in(directory, paths) } + half_made
      end

      def half_made
        kinds = @record.files.transform_values { |file| file[:kind] }.merge(@files.transform_values { |file| file['kind'] })
        keys = kinds.select { |_, kind| kind == 'own_key' }.keys.map { |path| path.delete_suffix(OwnKey::SUFFIX) }
        keys.flat_map { |path| @ways.problem(path) ? [] : OwnKey.new(path).leftovers }.select { |path| File.exist?(path) }
      end

      def left_in(directory, paths)
        return [] if !File.directory?(directory) || @ways.problem("#{directory}/x")

        known = paths.to_h { |path| [File.basename(path), true] }
        Dir.children(directory).select { |name| left?(name, known) }.map { |name| "#{directory}/#{name}" }
      end

      def left?(name, known)
        ours = name[/\A\.(.+)\.capsule~\z/, 1]
        return known.key?(ours) if ours

        puppets = name[PUPPETS_NAME]
        !puppets.nil? && known.key?(name.delete_suffix(puppets))
      end

      def known_digests(path)
        [*@record.files.dig(path, :digests), @files.dig(path, 'sha256')].compact
      end

      # An installer of this deployment put the file there, whatever delivered it.
      def ours?(path)
        return true if @record.files.key?(path) || made_here?(path)
        return false if path.start_with?("#{@programs}/")

        first = File.open(path, 'rb', &:gets).to_s
        first.start_with?("# Generated by Capsule for deployment #{@deployment}, ".b)
      end

      # The file that speaks of the key is of this deployment.
      def made_here?(path)
        sealed = "#{path}#{OwnKey::SUFFIX}"
        @record.files.dig(sealed, :kind) == 'own_key' || @files.dig(sealed, 'kind') == 'own_key'
      end

      def removable?(path, kind)
        said = @ways.problem(path)
        said = 'it is not a file of this deployment' if !said && !may_remove?(path, kind)
        warn_once("capsule: left: #{path}: #{said}") if said
        said.nil?
      end

      def warn_once(said)
        @warned ||= {}
        Puppet.warning(said) unless @warned[said]
        @warned[said] = true
      end

      # The record alone is not believed: only files of this deployment's own places go.
      def may_remove?(path, kind)
        return false if path.include?('/../') || !File.file?(path) || File.symlink?(path)

        own_place?(path, kind) && ours?(path)
      end

      def own_place?(path, kind)
        case kind
        when 'capsule' then path.start_with?("#{@programs}/bin/")
        when 'private_key', 'own_key', 'known_hosts' then path.start_with?("#{@programs}/ssh/")
        when 'manifest' then path == "#{@programs}/manifest.json"
        when 'sudoers' then path == "/etc/sudoers.d/50-capsule-#{@deployment}"
        when 'cron' then path == "/etc/cron.d/capsule-#{@deployment}"
        when 'service', 'timer' then path.start_with?("/etc/systemd/system/capsule-#{@deployment}-") && path.end_with?(".#{kind}")
        when 'logrotate' then path == "/etc/logrotate.d/capsule-#{@deployment}"
        when 'authorized_keys' then path.end_with?('/.ssh/authorized_keys')
        else false
        end
      end
    end
  end
end
