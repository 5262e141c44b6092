# frozen_string_literal: true

module PuppetX
  module Capsule
    # What a capsule has paused, frozen or stopped is released by the build that did it: another one may not know of it.
    module Held
      # where what must not outlive a boot is written down
      RUN = '/run/capsule'

      class << self
        # Raises `Refused` if anything is held on this node, unless the program that ends it is among those that `stay`.
        def refuse(deployment, programs, stay)
          paused(deployment) { |what, program| raise Refused, told(what, "#{programs}/bin/#{program}") }
          stopped(deployment) do |what, program|
            raise Refused, told(what, "#{programs}/bin/#{program}") unless stay.include?("#{programs}/bin/#{program}")
          end
        end

        private

        def told(what, program)
          "#{what}: nothing was changed; the next run tries again, or end it with #{program}"
        end

        def paused(deployment)
          Dir.glob("#{RUN}/#{deployment}/lease_*/held").sort.each do |path|
            plan = File.basename(File.dirname(path)).delete_prefix('lease_')
            yield "this node is paused for plan #{plan}", "unpause_#{plan}" if File.size?(path)
          end
          Dir.glob("#{RUN}/#{deployment}/*/moment").sort.each do |path|
            plan = File.basename(File.dirname(path))
            yield "a backup by plan #{plan} goes on, or was interrupted: there are snapshots of this node", "remove_#{plan}"
          end
        end

        def stopped(deployment)
          Dir.glob("#{RUN}/stopped/#{deployment}.stop_docker_*").sort.each do |path|
            plan = File.basename(path).delete_prefix("#{deployment}.stop_docker_")
            yield "containers are stopped on purpose for plan #{plan}", "start_docker_#{plan}"
          end
        end
      end
    end
  end
end
