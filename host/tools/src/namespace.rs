//! A socket that listens in a command's network namespace and is served from this host's own.
//!
//! A socket belongs to the namespace in which it was made, whoever holds it. A child of this process, which has one
//! thread as a change of user namespace demands, enters the command's namespace, makes the socket there, and hands it
//! back over a pair of local sockets (`SCM_RIGHTS`, unix(7)).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, sockopt,
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::reap::reap;

/// Connections that may wait until they are accepted.
const WAITING_MAX: i32 = 128;

/// The network namespace of a process, held open. The process must not have been waited for yet, or its number could be
/// another's; that it is the namespace of the number that bubblewrap tells is checked all the same.
pub(crate) fn network_of(pid: i32, number: Option<u64>) -> io::Result<OwnedFd> {
    let file = std::fs::File::open(format!("/proc/{pid}/ns/net"))?;
    let found = file.metadata()?.ino();
    let own = Path::new("/proc/thread-self/ns/net").metadata()?.ino();
    if number != Some(found) || found == own {
        return Err(io::Error::other("the command is not in a network namespace of its own"));
    }
    Ok(file.into())
}

/// Listens on a port of the loopback address in a network namespace.
pub(crate) fn listen_in(network: &OwnedFd, port: u16) -> io::Result<TcpListener> {
    let user = owner_of(network)?;
    let (ours, theirs) = UnixStream::pair()?;
    let child = fork_into(network.as_fd(), user.as_fd(), port, theirs.as_fd())?;
    // Only once this end is closed does the child's death end the wait for its message.
    drop(theirs);
    let received = receive(&ours);
    reap(child)?;
    received
}

/// The user namespace that a network namespace belongs to.
#[expect(unsafe_code, reason = "the ioctl has no safe wrapper")]
fn owner_of(network: &OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: the ioctl takes no argument and gives a new descriptor, which nobody else owns, or -1.
    unsafe {
        match libc::ioctl(network.as_raw_fd(), libc::NS_GET_USERNS) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// Starts the child; gives its process id.
#[expect(unsafe_code, reason = "fork(2) has no safe wrapper")]
fn fork_into(network: BorrowedFd<'_>, user: BorrowedFd<'_>, port: u16, answer: BorrowedFd<'_>) -> io::Result<i32> {
    // SAFETY: between fork and `_exit` the child makes system calls only, on its own stack: it allocates nothing and
    // takes no lock, which another thread of this process could have held at the fork.
    unsafe {
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                let made = enter(network, user).and_then(|()| listen(port));
                let sent = match &made {
                    Ok(listener) => send(answer, 0, Some(listener.as_fd())),
                    Err(error) => send(answer, error.raw_os_error(), None),
                };
                libc::_exit(i32::from(sent.is_err()))
            }
            child => Ok(child),
        }
    }
}

/// A privileged process enters the network namespace as it is. Any other must first become who owns it.
fn enter(network: BorrowedFd<'_>, user: BorrowedFd<'_>) -> Result<(), Errno> {
    let into = |fd, kind| move_into_link_name_space(fd, Some(kind));
    match into(network, LinkNameSpaceType::Network) {
        Err(Errno::PERM) => {
            into(user, LinkNameSpaceType::User)?;
            into(network, LinkNameSpaceType::Network)
        }
        done => done,
    }
}

/// bubblewrap may not have brought the namespace's loopback up yet, and does so itself: the address need not be there.
fn listen(port: u16) -> Result<OwnedFd, Errno> {
    let (family, flags) = (AddressFamily::INET, SocketFlags::CLOEXEC);
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_ip_freebind(&socket, true)?;
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    rustix::net::listen(&socket, WAITING_MAX)?;
    Ok(socket)
}

/// The message is the error's number, zero for none.
fn send(to: BorrowedFd<'_>, error: i32, listener: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let handed = listener.as_slice();
    if !handed.is_empty() && !control.push(SendAncillaryMessage::ScmRights(handed)) {
        return Err(Errno::NOBUFS);
    }
    let number = error.to_ne_bytes();
    rustix::net::sendmsg(to, &[IoSlice::new(&number)], &mut control, SendFlags::NOSIGNAL).map(drop)
}

fn receive(from: &UnixStream) -> io::Result<TcpListener> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut number = [0; size_of::<i32>()];
    let received = rustix::io::retry_on_intr(|| {
        rustix::net::recvmsg(from, &mut [IoSliceMut::new(&mut number)], &mut control, RecvFlags::CMSG_CLOEXEC)
    })?;
    let listener = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut handed) => handed.next(),
        _ => None,
    });
    match (i32::from_ne_bytes(number), listener) {
        (0, Some(listener)) if received.bytes == number.len() => Ok(listener.into()),
        (0, _) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        (error, _) => Err(io::Error::from_raw_os_error(error)),
    }
}
