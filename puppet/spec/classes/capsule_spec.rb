# frozen_string_literal: true

require_relative '../spec_helper'

# The node's data are a golden file of the compiler's own tests.
describe 'capsule' do
  let(:node) { 'web-1' }

  kinds = %w[sudoers capsule capsule known_hosts private_key own_key authorized_keys cron service timer logrotate]
  placed = [
    '/etc/sudoers.d/50-capsule-kaizen',
    '/opt/capsule/kaizen/bin/backup_nightly',
    '/opt/capsule/kaizen/bin/send_nightly',
    '/opt/capsule/kaizen/ssh/known_hosts',
    '/opt/capsule/kaizen/ssh/web-2.send',
    '/opt/capsule/kaizen/ssh/web-3.send.own',
    '/var/lib/backupoperator/.ssh/authorized_keys',
    '/etc/cron.d/capsule-kaizen',
    '/etc/systemd/system/capsule-kaizen-x.service',
    '/etc/systemd/system/capsule-kaizen-x.timer',
    '/etc/logrotate.d/capsule-kaizen',
  ]
  steps = %w[packages guard accounts directories files removal keys timers seal]

  it { is_expected.to compile.with_all_deps }

  steps.each_cons(2) do |before, after|
    it { is_expected.to contain_class("capsule::#{before}").that_comes_before("Class[capsule::#{after}]") }
  end

  placed.each_cons(2) do |before, after|
    it { is_expected.to contain_file(after).that_requires("File[#{before}]") }
  end

  it 'places every kind of file, one after the other' do
    expect(catalogue.resource('Capsule_guard[kaizen]')[:files].map { |_, file| file['kind'] }).to eq([*kinds, 'manifest'])
  end

  it 'keeps every content out of the file bucket' do
    catalogue.resources.select { |one| one.type == 'File' && one[:ensure].to_s == 'file' }.each do |file|
      expect(file[:backup]).to be(false), file.title
    end
  end

  it 'keeps a private key out of logs, diffs and reports' do
    key = catalogue.resource('File[/opt/capsule/kaizen/ssh/web-2.send]')
    expect(key[:show_diff]).to be(false)
    expect(key.sensitive_parameters).to include(:content)
    expect(key[:content]).to eq("key 1\n")
    expect(catalogue.resource('Class[Capsule]').to_hash.to_s).not_to include('key 1')
  end

  it { is_expected.to contain_file('/opt/capsule/kaizen/bin/send_nightly').with_show_diff(true).with_mode('0755') }

  it 'has the node make the key that no build holds' do
    is_expected.to contain_capsule_own_key('/opt/capsule/kaizen/ssh/web-3.send')
      .with(owner: 'root', group: 'capsule-kaizen', mode: '0440', node_name: 'web-1')
    is_expected.not_to contain_file('/opt/capsule/kaizen/ssh/web-3.send')
    known = catalogue.resource('Capsule_guard[kaizen]')[:own_keys].values.map { |key| key['known'] }
    expect(known).to eq([[]])
  end

  it 'has sudo read its rules before they are in place, from where nothing else does' do
    is_expected.to contain_file('/etc/sudoers.d/50-capsule-kaizen')
      .with_validate_cmd('/usr/sbin/visudo --check --file=%').with_staging_location('/etc').with_mode('0440')
  end

  it 'takes no content for a variable of Hiera' do
    is_expected.to contain_file('/opt/capsule/kaizen/bin/backup_nightly').with_content(/%\{http_code\} %%\{x}/)
  end

  it 'carries what is no text' do
    known = catalogue.resource('File[/opt/capsule/kaizen/ssh/known_hosts]')[:content]
    expect(known.b).to eq("\xff\x00\r\n\u0085".b)
  end

  it { is_expected.to contain_file('/opt/capsule/kaizen/manifest.json').that_comes_before('Capsule_record[kaizen]') }
  it { is_expected.to contain_capsule_account('backupoperator').with_number(1901).with_shell('/bin/sh') }
  it { is_expected.to contain_file('/backups-kaizen/web-2').with_ensure('directory').with_mode('0750') }
  it { is_expected.to contain_package('rsync').with_ensure('installed') }

  it 'loads units before it starts timers, which start no run' do
    is_expected.to contain_exec('capsule: load the units of kaizen').with_onlyif(/capsule-kaizen-x\.service capsule-kaizen-x\.timer/)
    is_expected.to contain_service('capsule-kaizen-x.timer').with(ensure: 'running', enable: true, provider: 'systemd')
                                                            .that_requires('Exec[capsule: load the units of kaizen]')
                                                            .that_subscribes_to('File[/etc/systemd/system/capsule-kaizen-x.timer]')
    is_expected.not_to contain_service('capsule-kaizen-x.service')
  end

  context 'with packages of somebody else' do
    let(:pre_condition) { "package { 'rsync': ensure => latest }" }

    it { is_expected.to contain_package('rsync').with_ensure('latest') }
  end

  context 'without packages' do
    let(:params) { { 'manage_packages' => false } }

    it { is_expected.to have_package_resource_count(0) }
  end

  context 'when it goes' do
    let(:params) { { 'ensure' => 'absent' } }

    it { is_expected.to contain_capsule_removal('kaizen').with_state('/var/lib/capsule/kaizen') }
    it { is_expected.to have_file_resource_count(0) }
    it { is_expected.not_to contain_capsule_guard('kaizen') }
  end

  context 'on another node' do
    let(:facts) { { 'capsule' => { 'hostname' => 'db-1', 'deployments' => {} } } }

    it { is_expected.to compile.and_raise_error(/built for node web-1 with the host name web-1, but this is db-1/) }
  end

  context 'for a certificate that no node has' do
    let(:node) { 'stranger.example.org' }

    it { is_expected.to compile.and_raise_error(/no data for the certificate name stranger\.example\.org/) }
  end

  context 'with an agent that is too old' do
    let(:facts) { { 'puppetversion' => '6.29.0' } }

    it { is_expected.to compile.and_raise_error(/Puppet 6\.29\.0, and 7\.0\.0 is the oldest/) }
  end

  context 'without its fact' do
    let(:facts) { { 'capsule' => nil } }

    it { is_expected.to compile.and_raise_error(/no fact `capsule`/) }
  end

  {
    'a mode that is not octal' => { 'mode' => '0999' },
    'a kind that nobody knows' => { 'kind' => 'program' },
    'an owner with a colon' => { 'owner' => 'root:root' },
    'a digest that is too short' => { 'sha256' => 'abc' },
  }.each do |what, wrong|
    context "with #{what}" do
      file = {
        'kind' => 'capsule', 'owner' => 'root', 'group' => 'root', 'mode' => '0755', 'sha256' => '0' * 64, 'sensitive' => false,
      }
      let(:params) { { 'files' => { '/opt/x' => file.merge(wrong) } } }

      it { is_expected.to compile.and_raise_error(/parameter 'files' entry '\/opt\/x'/) }
    end
  end
end

describe 'capsule::files' do
  let(:node) { 'web-1' }

  it { is_expected.to compile.and_raise_error(/not to be used by itself/) }
end
