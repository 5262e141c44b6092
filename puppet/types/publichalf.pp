# @summary The public half of an ssh key, as a node that makes its own keys tells it
type Capsule::Publichalf = Pattern[/\Assh-ed25519 [A-Za-z0-9+\/]{68}\z/]
