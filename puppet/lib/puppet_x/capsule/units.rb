# frozen_string_literal: true

require 'fileutils'
require 'open3'

module PuppetX
  module Capsule
    # Timers of systemd that go.
    module Units
      class << self
        # A run that it has started goes on, and is found by its lock.
        def stop(unit)
          if running?
            systemctl('disable', '--quiet', '--now', '--', unit)
          else
            FileUtils.rm_f("/etc/systemd/system/timers.target.wants/#{unit}")
          end
        end

        def reload
          systemctl('daemon-reload') if running?
        end

        private

        def running?
          File.directory?('/run/systemd/system')
        end

        def systemctl(*arguments)
          said, status = Open3.capture2e('systemctl', *arguments)
          raise Puppet::Error, "systemctl #{arguments.first}: #{said.strip}" unless status.success?
        end
      end
    end
  end
end
