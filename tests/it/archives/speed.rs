//! Measures.
use super::format;
use crate::lab::archive::Tar;
use provwatch::{
    inspect::{ContentsReport, Limits, Look},
    model::ArchiveFormat,
};
use std::time::Instant;

fn noise(n: u32, len: usize) -> Vec<u8> {
    let mut x = n.wrapping_mul(2_654_435_761) | 1;
    let words = [
        "function ",
        "const ",
        "return ",
        "module.exports = ",
        "require(",
        ");\n",
        "{\n",
        "}\n",
        "if (",
        "value",
        "= 1;\n",
        "abc",
    ];
    let mut out = Vec::new();
    while out.len() < len {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        out.extend_from_slice(words[(x % 12) as usize].as_bytes());
        out.extend_from_slice(format!("{x:x}").as_bytes());
    }
    out
}

fn rss() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[test]
fn measure() {
    let tar = (0..5000).fold(Tar::new().file("package/package.json", "{}"), |tar, n| {
        tar.file(format!("package/lib/folder{}/file{n}.js", n % 50), noise(n, 8000))
    });
    let unpacked = tar.0.len();
    let bytes = tar.gz();
    let limits = Limits::default();
    let id = ArchiveFormat::NpmTarball;
    println!("packed {} unpacked {unpacked}, rss {}", bytes.len(), rss());
    let t = Instant::now();
    let look = Look::into(&bytes, format(id), &limits, &[]);
    println!("look {:?}, members {}, rss {}", t.elapsed(), look.contents.members.len(), rss());
    let t = Instant::now();
    let r = ContentsReport::of(&look, Some(&look), format(id), &[]);
    println!("report {:?}, unchanged {}", t.elapsed(), r.changes.unwrap().unchanged);
    // a million members
    let tar = (0..300_000)
        .fold(Tar::new(), |tar, n| tar.file(format!("package/lib/folder{}/file-number-{n}.js", n % 50), ""));
    let bytes = tar.gz();
    println!("many: packed {}, rss {}", bytes.len(), rss());
    let t = Instant::now();
    let look = Look::into(&bytes, format(id), &limits, &[]);
    println!(
        "look {:?}, members {}, {:?} rss {}",
        t.elapsed(),
        look.contents.members.len(),
        look.contents.stopped,
        rss()
    );
}

#[test]
fn bomb() {
    let bomb = super::bombs::tar_bomb();
    println!("bomb {} rss {}", bomb.len(), rss());
    let t = Instant::now();
    let look = Look::into(&bomb, format(ArchiveFormat::NpmTarball), &Limits::default(), &[]);
    println!("look {:?} {:?} rss {}", t.elapsed(), look.contents.stopped, rss());
}

#[test]
fn real() {
    let Ok(list) = std::env::var("REAL") else { return };
    let formats = [ArchiveFormat::Wheel, ArchiveFormat::Sdist, ArchiveFormat::ZippedSdist, ArchiveFormat::Crate];
    let (mut count, mut bytes_in, mut members) = (0, 0_u64, 0);
    let t = Instant::now();
    for path in list.split_whitespace() {
        let bytes = std::fs::read(path).unwrap();
        let npm = [ArchiveFormat::NpmTarball];
        let format = if path.contains("npm") { provwatch::inspect::Format::of(&npm, path) } else { provwatch::inspect::Format::of(&formats, path) };
        let Some(format) = format else { println!("no format {path}"); continue };
        let look = Look::into(&bytes, format, &Limits::default(), &[]);
        count += 1; bytes_in += bytes.len() as u64; members += look.contents.members.len();
        let odd = look.contents.anomalies.kept();
        if !odd.is_empty() || look.contents.stopped.is_some() || !look.contents.unread.is_empty() || !look.scripts.unread.is_empty() {
            println!("{path}: {:?} {:?} {:?} {:?}", look.contents.anomalies.counts(), odd.first(), look.contents.stopped, look.scripts.unread);
        }
        if std::env::var("SCRIPTS").is_ok() { for s in &look.scripts.found { println!("  {} {} {:?} {:?}", path.rsplit('/').next().unwrap(), s.name, s.command.as_ref().map(|c| c.chars().take(80).collect::<String>()), s.files); } }
    }
    println!("{count} archives, {bytes_in} bytes, {members} members, {:?}", t.elapsed());
}
