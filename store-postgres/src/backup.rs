//! Copies of a whole database, by PostgreSQL's own programs: `pg_dump` makes one of a database in use, `pg_restore` puts
//! it into an empty one.
//!
//! They are run and not written anew, because they know every version's catalogue. What is added is what a person
//! forgets at night: nothing is overwritten, nothing is restored over something, a file of another program or of a newer
//! Onhand is refused before a row is written, and a restore happens wholly or not at all.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use onhand_store::StoreError;
use tokio::process::Command;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::failure::failure;
use crate::link::Link;
use crate::options::{self, Options, Target};
use crate::{migrate, tls};

/// Settings of libpq that could lead its programs to another server than the URL says.
const STRAY: &[&str] =
    &["PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGREQUIRESSL", "PGTARGETSESSIONATTRS"];

/// Copies the database, which servers may be using, to the file `to`, which must not exist, in the custom format of
/// `pg_dump`. The copy is one consistent state that holds everything acknowledged before it began, and on the disk when
/// this returns.
///
/// # Errors
/// [`StoreError::Broken`] when the file exists, the database is none of Onhand's, or `pg_dump` is missing or fails.
pub async fn backup_of(options: &Options, to: &Path) -> Result<(), StoreError> {
    let target = options::target(options)?;
    let link = connect(&target).await?;
    if migrate::applied(&link.client).await?.is_empty() {
        return Err(StoreError::Broken("the database is none of Onhand's: it has no schema of ours".into()));
    }
    drop(link);
    if to.exists() {
        return Err(StoreError::Broken(format!(
            "{} exists already: a backup never overwrites",
            to.display()
        )));
    }
    let part = unfinished(to);
    // Made here, so that two backups cannot meet in one file and nobody else may read it.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(|error| file_failure("cannot make", &part, &error))?;
    let mut dump = program("pg_dump", &target);
    dump.args(["--format=custom", "--no-password", "--file"]).arg(&part);
    let dumped = match run(dump).await {
        Ok(_) => finish(&part, to),
        Err(error) => Err(error),
    };
    if dumped.is_err()
        && let Err(error) = std::fs::remove_file(&part)
    {
        tracing::warn!(%error, file = %part.display(), "an unfinished backup stays behind");
    }
    dumped
}

/// Puts a backup into an empty database, in one transaction.
///
/// # Errors
/// [`StoreError::Broken`] when the file is no backup of Onhand or comes from a newer binary, when there is something in
/// the database, or when `pg_restore` is missing or fails; then the database is as empty as it was.
pub async fn restore(options: &Options, from: &Path) -> Result<(), StoreError> {
    File::open(from).map_err(|error| file_failure("cannot read", from, &error))?;
    let target = options::target(options)?;
    let mut migrations = program("pg_restore", &target);
    migrations.args(["--data-only", "--table=migration", "--file=-"]).arg(from);
    let applied = migrations_in(&run(migrations).await?);
    if applied.is_empty() {
        return Err(StoreError::Broken(format!(
            "{} is no backup of Onhand: it has no schema of ours",
            from.display()
        )));
    }
    migrate::check(&applied)?;
    let link = connect(&target).await?;
    let row = link.client.query_one(RELATIONS_OF_SOMEBODY, &[]).await.map_err(|error| failure(&error))?;
    if row.get::<_, i64>(0) > 0 {
        return Err(StoreError::Broken(
            "the database is not empty: a backup is restored into a database of its own (`createdb`)".into(),
        ));
    }
    drop(link);
    let mut whole = program("pg_restore", &target);
    whole.args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]);
    whole.arg(format!("--dbname={}", target.config.get_dbname().unwrap_or_default())).arg(from);
    run(whole).await.map(|_| ())
}

/// What somebody has made in the database.
const RELATIONS_OF_SOMEBODY: &str = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                       where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'";

async fn connect(target: &Target) -> Result<Link, StoreError> {
    let tls = tls::connector(target.config.get_ssl_mode(), target.roots.as_deref())?;
    Link::open(&target.config, &tls).await
}

/// One of PostgreSQL's programs, led to the same server as we are. By the environment, because arguments can be read by
/// everybody on the machine and the password must not.
fn program(name: &str, target: &Target) -> Command {
    let mut command = Command::new(name);
    for stray in STRAY {
        command.env_remove(stray);
    }
    command.envs(environment(&target.config, target.roots.as_deref()));
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The words of libpq for what the URL says.
fn environment(config: &Config, roots: Option<&Path>) -> Vec<(&'static str, OsString)> {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let ports = config.get_ports().iter().map(u16::to_string);
    let listed = |names: Vec<String>| OsString::from(names.join(","));
    let mut words = vec![
        ("PGAPPNAME", "onhand backup".into()),
        ("PGHOST", listed(hosts.collect())),
        ("PGPORT", listed(ports.collect())),
        ("PGDATABASE", config.get_dbname().unwrap_or_default().into()),
        ("PGUSER", config.get_user().unwrap_or_default().into()),
        // Our `require` looks at the certificate and at the name in it; libpq's does not.
        (
            "PGSSLMODE",
            match config.get_ssl_mode() {
                SslMode::Disable => "disable",
                SslMode::Require => "verify-full",
                _ => "prefer",
            }
            .into(),
        ),
    ];
    if let Some(password) = config.get_password() {
        words.push(("PGPASSWORD", String::from_utf8_lossy(password).into_owned().into()));
    }
    if let Some(roots) = roots {
        words.push(("PGSSLROOTCERT", roots.into()));
    }
    // Where nothing was said, what libpq itself takes is right.
    words.retain(|(_, value)| !value.is_empty());
    words
}

/// Runs it to its end; what it printed.
async fn run(mut command: Command) -> Result<String, StoreError> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let ended = command.output().await.map_err(|error| {
        StoreError::Broken(if error.kind() == ErrorKind::NotFound {
            format!(
                "{name} was not found: install PostgreSQL's client programs, of the server's version or later"
            )
        } else {
            format!("{name} cannot be run: {error}")
        })
    })?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        return Err(StoreError::Broken(format!("{name} failed ({}): {}", ended.status, said.trim())));
    }
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}

/// The rows of the table of migrations, as `pg_restore` prints them: tab-separated between COPY and a line `\.`.
fn migrations_in(script: &str) -> Vec<(i32, String, String)> {
    let rows = script.lines().skip_while(|line| !line.starts_with("COPY ")).skip(1);
    let fields = rows.take_while(|line| *line != "\\.").map(|line| line.split('\t').collect::<Vec<_>>());
    let mut applied: Vec<(i32, String, String)> = fields
        .filter_map(|fields| match fields.as_slice() {
            [number, name, sum, ..] => Some((number.parse().ok()?, (*name).to_owned(), (*sum).to_owned())),
            _ => None,
        })
        .collect();
    applied.sort();
    applied
}

/// Where a backup is written until it is whole.
fn unfinished(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Gives the whole copy its name, once it is on the disk.
fn finish(part: &Path, to: &Path) -> Result<(), StoreError> {
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(part)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(part, to))
        .and_then(|()| File::open(parent))
        .and_then(|directory| directory.sync_all())
        .map_err(|error| file_failure("cannot finish", to, &error))
}

fn file_failure(what: &str, path: &Path, error: &std::io::Error) -> StoreError {
    let text = format!("{what} {}: {error}", path.display());
    if error.kind() == ErrorKind::StorageFull { StoreError::Full(text) } else { StoreError::Broken(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(url: &str) -> Vec<(&'static str, String)> {
        let target = options::target(&Options::new(url)).unwrap();
        let words = environment(&target.config, target.roots.as_deref());
        words.into_iter().map(|(name, value)| (name, value.into_string().unwrap())).collect()
    }

    #[test]
    fn the_url_in_the_words_of_libpq() {
        let told = words("postgres://a:p%40ss@h1,h2:5433/db?sslmode=require&sslrootcert=/ca.pem");
        for word in [
            ("PGHOST", "h1,h2"),
            ("PGUSER", "a"),
            ("PGPASSWORD", "p@ss"),
            ("PGDATABASE", "db"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/ca.pem"),
        ] {
            assert!(told.contains(&(word.0, word.1.to_owned())), "{word:?} {told:?}");
        }
        let plain = words("postgres:///db?host=/var/run/postgresql&user=a");
        assert!(plain.contains(&("PGHOST", "/var/run/postgresql".to_owned())), "{plain:?}");
        assert!(plain.contains(&("PGSSLMODE", "prefer".to_owned())), "{plain:?}");
        assert!(plain.iter().all(|(name, _)| *name != "PGPASSWORD"), "{plain:?}");
    }

    #[test]
    fn migrations_are_read_out_of_a_script() {
        let script = "SET x;\nCOPY public.migration (number, name) FROM stdin;\n2\tb\tbb\tnow\n1\ta\taa\tnow\n\\.\nmore\n";
        let expected = [(1, "a".to_owned(), "aa".to_owned()), (2, "b".to_owned(), "bb".to_owned())];
        assert_eq!(migrations_in(script), expected);
        assert!(migrations_in("SET x;\n").is_empty());
    }
}
