# frozen_string_literal: true

require_relative 'ways'

module PuppetX
  module Capsule
    # Locks that end with the run: nothing is replaced or taken away under a program that runs.
    module Locks
      # what an installer waits for another one
      PATIENCE = 10

      @held = []

      class << self
        # Keeps every other installer of the deployment out.
        def installer(deployment)
          take("/run/capsule-#{deployment}.lock", PATIENCE) ||
            raise(Refused, 'another installation or removal of this deployment is going on')
        end

        # Takes the locks of the programs at `paths`, waiting at most `seconds` in all; the path of one that runs, or nil.
        def programs(state, paths, seconds)
          directory = "#{state}/locks"
          return unless File.directory?(directory)

          make_room
          ends = now + seconds
          paths.find { |path| File.exist?(path) && !take("#{directory}/#{File.basename(path)}", ends - now) }
        end

        def release
          @held.each(&:close)
          @held.clear
        end

        private

        def take(path, seconds)
          ends = now + seconds
          file = File.open(path, File::WRONLY | File::APPEND | File::CREAT, 0o600)
          @held << file
          until file.flock(File::LOCK_EX | File::LOCK_NB)
            return false if now >= ends

            sleep(0.1)
          end
          true
        end

        # one descriptor a program: a store may have a thousand
        def make_room
          Process.setrlimit(:NOFILE, Process.getrlimit(:NOFILE).last, Process.getrlimit(:NOFILE).last)
        end

        def now
          Process.clock_gettime(Process::CLOCK_MONOTONIC)
        end
      end
    end
  end
end
