# frozen_string_literal: true

require 'fileutils'

require_relative 'ways'

module PuppetX
  module Capsule
    # What installers of a deployment have put on this node: `<state>/installed`, the same file whatever delivers.
    #
    # One fact a line: `file <kind> <sha256> <path>`, `made <path>` for a directory that was not there before,
    # `keep <path>` for one that holds backups, logs or state, `account <name> <number> <home>`. What is about to be put
    # there is recorded first, so that whatever an interrupted run leaves behind is known to the next one.
    class Record
      attr_reader :path, :files, :made, :kept, :accounts

      def initialize(state)
        @path = "#{state}/installed"
        @files = {} # path => { kind:, digests: [] }; after an interruption a file has two digests
        @made = []
        @kept = []
        @accounts = {} # name => "<number> <home>"
        read
      end

      # The record's text with `files`, path => [kind, digest]; `old` while files of earlier builds may still be there.
      def text(files, old:)
        lines = files.map { |path, (kind, digest)| "file #{kind} #{digest} #{path}" }
        if old
          @files.each { |path, known| known[:digests].each { |digest| lines << "file #{known[:kind]} #{digest} #{path}" } }
        end
        lines += @made.map { |path| "made #{path}" }
        lines += @kept.map { |path| "keep #{path}" }
        lines += @accounts.map { |name, details| "account #{name} #{details}" }
        "#{lines.map(&:b).uniq.sort.join("\n")}\n"
      end

      def says?(text)
        File.exist?(@path) && File.binread(@path) == text
      end

      def write(text)
        Ways.replace(@path, text) unless says?(text)
      end

      private

      def read
        said = Ways.new.problem(@path)
        raise Refused, said if said
        return unless File.exist?(@path)

        File.read(@path, encoding: Encoding::UTF_8).each_line(chomp: true) { |line| remember(line) }
      end

      def remember(line)
        fact, rest = line.split(' ', 2)
        case fact
        when 'file'
          kind, digest, path = rest.split(' ', 3)
          known = (@files[path] ||= { kind: kind, digests: [] })
          known[:kind] = kind
          known[:digests] << digest
        when 'made' then @made << rest
        when 'keep' then @kept << rest
        when 'account'
          name, details = rest.split(' ', 2)
          @accounts[name] = details
        else raise Refused, "#{@path} holds a line that no installer wrote: #{line}"
        end
      end
    end
  end
end
