# frozen_string_literal: true

require_relative '../spec_helper'
require 'facter'

describe 'the fact capsule_public_keys' do
  let(:directory) { Dir.mktmpdir('keys') }
  let(:told) do
    Facter.clear
    load File.expand_path('../../lib/facter/capsule.rb', __dir__)
    Facter.value(:capsule_public_keys)
  end

  before do
    records = "#{directory}/kaizen/installed"
    FileUtils.mkdir_p(File.dirname(records))
    File.write(records, lines.map { |kind, name| "file #{kind} 00 #{directory}/#{name}\n" }.join)
    allow(Dir).to receive(:glob).and_call_original
    allow(Dir).to receive(:glob).with('/var/lib/capsule/*/installed').and_return([records])
  end

  after { FileUtils.remove_entry(directory) }

  def make_key(name, *options)
    system('ssh-keygen', '-q', '-N', '', '-C', 'x', '-f', "#{directory}/#{name}", *options, exception: true)
    File.chmod(0o440, "#{directory}/#{name}")
    File.read("#{directory}/#{name}.pub").split(' ')[0, 2].join(' ')
  end

  context 'with a key of its own, one that was given, and others that are none' do
    let(:lines) do
      [%w[own_key web-2.send.own], %w[private_key given], %w[own_key missing.own], %w[own_key rsa.own], %w[own_key torn.own]]
    end

    it 'tells the public half of its own, by deployment and name, and nothing else' do
      mine = make_key('web-2.send', '-t', 'ed25519')
      make_key('given', '-t', 'ed25519')
      make_key('rsa', '-t', 'rsa', '-b', '2048')
      File.write("#{directory}/torn", "no key\n")
      expect(told).to eq('kaizen' => { 'web-2.send' => mine })
    end
  end

  context 'without any' do
    let(:lines) { [%w[private_key given]] }

    it('is empty') { expect(told).to eq({}) }
  end
end
