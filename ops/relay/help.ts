export const help = `Looks at the relays of a stage, and takes them out of use and back, without a deploy.

  npm run relay -- list               every relay: whether it gets mail, and why not
  npm run relay -- show NAME          all that is known of one: breaker, probes, override
  npm run relay -- drain NAME         no new mail from now on, what is being sent is finished; for planned work
  npm run relay -- disable NAME       does the same; for a relay with which something is wrong: --reason is required
  npm run relay -- enable NAME        ends drain or disable
  npm run relay -- reset NAME         closes the breaker: mail tries the relay again, also after a refused login; replaces
                                      what the health table holds about it, should that be unreadable
  npm run relay -- probe NAME         opens a session to the relay from this machine and says what each step took

How:
  --for DURATION       drain, disable: ends by itself after 90s, 15m, 2h or 30d; a day when nothing is said, a year at most
  --reason TEXT        drain, disable, enable: shown to whoever looks at the relay
  --no-login           probe: leaves the login out. A wrong password that is tried again and again locks an account
  --json               one line of JSON, list: an array; times are milliseconds since the epoch

Where:
  --stage NAME         a deployed stage, by the AWS SDK's standard environment (AWS_PROFILE, AWS_REGION…)
  --state-dir DIR      without --stage: the state directory of the local system  (.postroom)
  --help               this text

Senders act on a change within 15 seconds. It is visible in the metric RelayState (2: an operator withholds the relay),
which the probe function publishes. When no relay is left that can take mail, mail waits in the queue: nothing is lost. So
whoever wants to hold all mail disables every relay.

To senders, drain and disable are one: the word tells people whether it was planned. A session that is sending ends well,
idle ones get their QUIT within half a minute, deferred mail goes on over the other relays. Probes go on, so that the relay
is known to be well before it is enabled again.

probe changes nothing: what the senders go by is what the probe function finds out from where it runs.

Exits 0 when all went well (probe: the relay would take a mail), 1 when something failed, 2 when the arguments are wrong
or nothing runs there.
`;
