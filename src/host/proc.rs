//! Child processes: spawned by xshell, with a scrubbed environment, a deadline, and an identity for the journal.
//!
//! Knows nothing of what the programs do. Nothing is decided from what they print for people.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::interrupt::Interrupt;
use super::{Error, Result};
use crate::core::credentials::struck;

/// What `git rev-parse --local-env-vars` lists: variables that tie a process to one repository, and that must not leak
/// into work on another. A test holds this list against the installed git.
pub(crate) const LOCAL_GIT_VARIABLES: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// How long a local program may take. Generous: it guards against a program that waits for somebody, not a slow disk.
pub(crate) const LOCAL_DEADLINE: Duration = Duration::from_secs(600);
/// How often a waiting parent looks whether somebody asked it to stop.
const INTERRUPT_TICK: Duration = Duration::from_millis(50);

/// A child as the journal names it: a process id alone is reused, together with its start time it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChildId {
    pub(crate) pid: u32,
    /// Start time in clock ticks since boot (proc_pid_stat(5), field 22); 0 where the system has no `/proc`.
    pub(crate) started: u64,
}

impl ChildId {
    fn of(pid: u32) -> Self {
        Self {
            pid,
            started: start_time(pid).unwrap_or(0),
        }
    }

    /// Whether that very process still runs.
    ///
    /// Without `/proc` any process of that id counts, which may keep a finished run's lock file but removes none too soon.
    pub(crate) fn is_alive(self) -> bool {
        match start_time(self.pid) {
            Some(started) => self.started == 0 || started == self.started,
            None if Path::new("/proc/self").exists() => false,
            None => self
                .pid()
                .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok()),
        }
    }

    /// Asks the process to end, if it still runs.
    fn ask_to_end(self) {
        if let Some(pid) = self.pid().filter(|_| self.is_alive()) {
            match rustix::process::kill_process(pid, rustix::process::Signal::TERM) {
                // It may have ended meanwhile, which is what was wanted.
                Ok(()) | Err(_) => {}
            }
        }
    }

    fn pid(self) -> Option<rustix::process::Pid> {
        i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw)
    }
}

/// Field 22 of `/proc/<pid>/stat`.
fn start_time(pid: u32) -> Option<u64> {
    Some(parent_and_start_time(pid)?.1)
}

/// Fields 4 and 22 of `/proc/<pid>/stat`, counted from behind the program's name, which may hold spaces and parentheses.
/// A zombie counts as gone.
fn parent_and_start_time(pid: u32) -> Option<(u32, u64)> {
    let stat = super::fs::read(Path::new(&format!("/proc/{pid}/stat"))).ok()??;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    Some((fields.next()?.parse().ok()?, fields.nth(17)?.parse().ok()?))
}

/// Whether a git is at work in one of these directories, as far as the system shows. One that merely waits counts: what it
/// holds cannot be seen.
pub(crate) fn git_at_work(dirs: &[PathBuf]) -> bool {
    // Where the system has no `/proc`, or hides whose a process is, there is nobody to be seen.
    let processes = super::fs::list(Path::new("/proc")).unwrap_or_default();
    processes.iter().any(|process| {
        let name = super::fs::read(&process.join("comm")).ok().flatten();
        let at = super::fs::read_link(&process.join("cwd")).ok();
        name.is_some_and(|name| name.trim_ascii() == b"git")
            && at.is_some_and(|at| dirs.iter().any(|dir| at.starts_with(dir)))
    })
}

/// What a process started, and what that started. None where the system has no `/proc`.
fn descendants(pid: u32) -> Vec<ChildId> {
    // A system without `/proc`, or one that hides it, shows nobody; what is left behind then ends when its pipe breaks.
    let listed = super::fs::list(Path::new("/proc")).unwrap_or_else(|_| Vec::new());
    let process = |path: PathBuf| {
        let pid = path.file_name()?.to_str()?.parse().ok()?;
        let (parent, started) = parent_and_start_time(pid)?;
        Some((parent, ChildId { pid, started }))
    };
    let running: Vec<(u32, ChildId)> = listed.into_iter().filter_map(process).collect();
    let (mut found, mut parents) = (Vec::new(), vec![pid]);
    while let Some(parent) = parents.pop() {
        for (_, child) in running.iter().filter(|(of, _)| *of == parent) {
            found.push(*child);
            parents.push(child.pid);
        }
    }
    found
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// A command to run, with everything that bounds it.
#[derive(Debug)]
pub(crate) struct Run {
    program: OsString,
    args: Vec<OsString>,
    dir: PathBuf,
    env: Vec<(OsString, Option<OsString>)>,
    /// The parent's variables that the program sees; `None`: all of them.
    inherited: Option<&'static [&'static str]>,
    stdin: Vec<u8>,
    deadline: Duration,
    interrupt: Option<Interrupt>,
    new_session: bool,
    /// What messages call it, where that is not what is started.
    shown: Option<String>,
}

impl Run {
    /// `program` is looked up on `PATH` unless it holds a `/`.
    pub(crate) fn new(program: impl AsRef<OsStr>, dir: &Path) -> Self {
        let mut run = Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            dir: dir.to_owned(),
            env: Vec::new(),
            inherited: None,
            stdin: Vec::new(),
            deadline: LOCAL_DEADLINE,
            interrupt: None,
            new_session: false,
            shown: None,
        };
        for name in LOCAL_GIT_VARIABLES {
            run.env.push((name.into(), None));
        }
        run.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0")
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), Some(value.as_ref().to_owned())));
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// Hides the parent's variables from the program, all but these.
    pub(crate) fn inherit_only(mut self, names: &'static [&'static str]) -> Self {
        self.inherited = Some(names);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Kills the program when somebody asks to stop; without this it runs to its end.
    pub(crate) fn interruptible(mut self, interrupt: &Interrupt) -> Self {
        self.interrupt = Some(interrupt.clone());
        self
    }

    /// Starts the program without a controlling terminal, so that it cannot wait for somebody to type (setsid(1)).
    pub(crate) fn new_session(mut self) -> Self {
        self.new_session = true;
        self
    }

    /// The program and its arguments, for messages; of many arguments the first.
    pub(crate) fn argv(&self) -> String {
        const NAMED: usize = 12;
        if let Some(shown) = &self.shown {
            return shown.clone();
        }
        let mut words = vec![self.program.to_string_lossy().into_owned()];
        words.extend(
            self.args
                .iter()
                .take(NAMED)
                .map(|arg| arg.to_string_lossy().into_owned()),
        );
        if self.args.len() > NAMED {
            words.push(format!("… ({} more)", self.args.len() - NAMED));
        }
        struck(&words.join(" ")).into_owned()
    }

    /// Runs to the end and returns what came of it, whatever the exit status.
    ///
    /// # Errors
    /// When the program cannot be started, does not end in time, or somebody asks to stop.
    pub(crate) fn output(self) -> Result<Output> {
        self.start(&mut |_| Ok(()))
    }

    /// Runs to the end and demands success.
    ///
    /// # Errors
    /// As [`Run::output`], and when the program fails.
    pub(crate) fn success(self) -> Result<Vec<u8>> {
        let argv = self.argv();
        demand(argv, self.output()?)
    }

    /// As [`Run::success`], but the program starts its work only once `record` has put its identity on disk: a child
    /// that nobody knows of could otherwise outlive its parent and go on writing behind a resumed run's back.
    ///
    /// # Errors
    /// As [`Run::success`], and when `record` fails.
    pub(crate) fn recorded(mut self, record: &mut dyn FnMut(ChildId) -> Result<()>) -> Result<Vec<u8>> {
        let argv = self.argv();
        // The shell waits for one line and then becomes the program, under the same process id; at end of file (the
        // parent died before the record was on disk) it ends without having begun.
        let program = std::mem::replace(&mut self.program, "sh".into());
        let script = ["-c", "read -r _ && exec \"$@\"", "sh"].map(OsString::from);
        let args = std::mem::take(&mut self.args);
        self.args = script.into_iter().chain([program]).chain(args).collect();
        self.stdin.insert(0, b'\n');
        self.shown = Some(argv.clone());
        demand(argv, self.start(record)?)
    }

    fn command(&self) -> Result<Command> {
        let shell = xshell::Shell::new().map_err(|source| Error::Unexpected(source.to_string()))?;
        let (program, args) = match setsid(self.new_session) {
            Some(setsid) => (
                OsString::from(setsid),
                [OsString::from("--wait"), self.program.clone()]
                    .into_iter()
                    .chain(self.args.clone())
                    .collect(),
            ),
            None => (self.program.clone(), self.args.clone()),
        };
        let mut command = Command::from(shell.cmd(program).args(args));
        command
            .current_dir(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(names) = self.inherited {
            command.env_clear();
            let kept = names.iter().filter_map(|name| Some((name, super::env::var_os(name)?)));
            command.envs(kept);
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Ok(command)
    }

    fn start(self, record: &mut dyn FnMut(ChildId) -> Result<()>) -> Result<Output> {
        let mut child = self.command()?.spawn().map_err(|source| Error::Start {
            program: self.program.to_string_lossy().into_owned(),
            source,
        })?;
        if let Err(error) = record(ChildId::of(child.id())) {
            end(&mut child);
            return Err(error);
        }
        let streams = Streams::attach(&mut child, self.stdin.clone());
        let (stdout, stderr) = match streams.finish(self.deadline, self.interrupt.as_ref()) {
            Ok(streams) => streams,
            Err(Stopped::Deadline) => {
                end(&mut child);
                return Err(Error::TimedOut {
                    argv: self.argv(),
                    deadline_secs: self.deadline.as_secs(),
                });
            }
            Err(Stopped::Interrupted) => {
                end(&mut child);
                return Err(Error::Interrupted);
            }
        };
        let status = child.wait().map_err(|source| Error::Start {
            program: self.argv(),
            source,
        })?;
        Ok(Output {
            status,
            stdout,
            stderr: struck(&String::from_utf8_lossy(&stderr)).into_owned(),
        })
    }
}

fn demand(argv: String, output: Output) -> Result<Vec<u8>> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Error::Failed {
        argv,
        status: output.status.to_string(),
        stderr: output.stderr,
    })
}

/// `setsid` of util-linux, where it is wanted and there is one. Elsewhere the deadline alone bounds the program.
fn setsid(wanted: bool) -> Option<&'static str> {
    ["/usr/bin/setsid", "/bin/setsid"]
        .into_iter()
        .find(|path| wanted && Path::new(path).exists())
}

/// Kills a child and collects it, and asks what it started to end: ssh outlives a git that was killed, and would wait for
/// the remote for ever. Those are asked, not killed, since a remote on this machine has lock files to remove. One that is
/// gone already is what was wanted.
fn end(child: &mut Child) {
    let orphans = descendants(child.id());
    if child.kill().is_ok() {
        drop(child.wait());
    }
    for orphan in orphans {
        orphan.ask_to_end();
    }
}

enum Stopped {
    Deadline,
    Interrupted,
}

enum Stream {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
}

/// The three streams of a child, each served by a thread of its own, so that none can fill a pipe and block the rest.
struct Streams(mpsc::Receiver<Stream>);

impl Streams {
    fn attach(child: &mut Child, input: Vec<u8>) -> Self {
        let (sender, receiver) = mpsc::channel();
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ends without reading its input breaks the pipe; its exit status tells the story.
            std::thread::spawn(move || drop(stdin.write_all(&input)));
        }
        if let Some(stdout) = child.stdout.take() {
            drain(stdout, sender.clone(), Stream::Stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            drain(stderr, sender, Stream::Stderr);
        }
        Self(receiver)
    }

    /// Standard output and standard error, once both have ended.
    fn finish(
        self,
        deadline: Duration,
        interrupt: Option<&Interrupt>,
    ) -> std::result::Result<(Vec<u8>, Vec<u8>), Stopped> {
        let (mut stdout, mut stderr, mut waited) = (Vec::new(), Vec::new(), Duration::ZERO);
        loop {
            match self.0.recv_timeout(INTERRUPT_TICK) {
                Ok(Stream::Stdout(bytes)) => stdout = bytes,
                Ok(Stream::Stderr(bytes)) => stderr = bytes,
                Err(RecvTimeoutError::Disconnected) => return Ok((stdout, stderr)),
                Err(RecvTimeoutError::Timeout) => waited += INTERRUPT_TICK,
            }
            if interrupt.is_some_and(Interrupt::requested) {
                return Err(Stopped::Interrupted);
            }
            if waited >= deadline {
                return Err(Stopped::Deadline);
            }
        }
    }
}

fn drain(mut stream: impl Read + Send + 'static, sender: mpsc::Sender<Stream>, wrap: fn(Vec<u8>) -> Stream) {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A read error ends the stream as the end of file does: the exit status decides, and what was read is kept.
        drop(stream.read_to_end(&mut bytes));
        drop(sender.send(wrap(bytes)));
    });
}

/// Whether a person sits at standard input.
pub(crate) fn stdin_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> PathBuf {
        std::env::temp_dir()
    }

    #[test]
    fn the_list_is_what_git_says() {
        let listed = Run::new("git", &here())
            .args(["rev-parse", "--local-env-vars"])
            .success()
            .unwrap();
        let mut listed: Vec<_> = std::str::from_utf8(&listed).unwrap().lines().collect();
        listed.sort_unstable();
        listed.dedup();
        assert_eq!(listed, LOCAL_GIT_VARIABLES);
    }

    #[test]
    fn a_program_that_never_ends_is_killed() {
        let run = Run::new("cat", &here())
            .arg("/dev/zero")
            .deadline(Duration::from_millis(100));
        // `cat` fills memory only as long as the deadline lets it.
        assert!(matches!(run.output(), Err(Error::TimedOut { .. })));
    }

    #[test]
    fn a_recorded_program_waits_for_its_record() {
        let mut seen = None;
        let out = Run::new("cat", &here()).stdin("after the gate").recorded(&mut |id| {
            seen = Some(id);
            assert!(id.is_alive());
            Ok(())
        });
        assert_eq!(out.unwrap(), b"after the gate");
        assert!(!seen.unwrap().is_alive());
        let marker = tempfile::tempdir().unwrap();
        let refused = Run::new("touch", marker.path())
            .arg("begun")
            .recorded(&mut |_| Err(Error::Interrupted));
        assert!(matches!(refused, Err(Error::Interrupted)));
        assert!(!marker.path().join("begun").exists());
    }

    #[test]
    fn large_streams_do_not_block_each_other() {
        let script = "cat; head -c 300000 /dev/zero >&2";
        let out = Run::new("sh", &here())
            .args(["-c", script])
            .stdin(vec![b'x'; 300_000])
            .output()
            .unwrap();
        assert_eq!((out.stdout.len(), out.stderr.len()), (300_000, 300_000));
    }
}
