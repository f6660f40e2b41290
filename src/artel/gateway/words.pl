#!/usr/bin/perl
# words.pl NAME COMMAND…: runs COMMAND in its own place, and what it says comes out on standard error as lines of JSON in ECS
# fields, without secrets. For programs that can write only text: nginx's error log, PostgreSQL, Redis. Of the gateway only
# its standard error is read: the other may be its access log, which is what it has to be.
use strict;
use warnings;
use POSIX qw(strftime);

my @FORMS = map { qr/$_/ } (
%%forms
);
my %LEVELS = (
    debug => "debug", info => "info", log => "info", notice => "info", hint => "info", detail => "info",
    warn => "warning", warning => "warning", error => "error", crit => "critical", alert => "critical",
    emerg => "critical", fatal => "critical", panic => "critical", critical => "critical",
);

my $name = shift @ARGV;
die "words.pl NAME COMMAND...\n" unless @ARGV;
pipe(my $read, my $write) or die "no pipe: $!\n";

# The grandchild listens until nobody can speak any more, whatever is sent to the group; COMMAND keeps this process.
unless (fork // die "no process: $!\n") {
    exit if fork // die "no process: $!\n";
    $SIG{$_} = "IGNORE" for qw(HUP INT QUIT TERM USR1 USR2 WINCH);
    $0 = "artel words $name";
    close $write;
    while (my $line = <$read>) { print STDERR told($line) }
    exit;
}
wait;
close $read;
open(STDERR, ">&", $write) or die "no output: $!\n";
open(STDOUT, ">&", $write) or die "no output: $!\n" unless $name eq "gateway";
exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";

sub told {
    my ($line) = @_;
    chomp $line;
    my $decoded = $line;
    $line = $decoded if utf8::decode($decoded);
    for my $form (@FORMS) { $line =~ s/$form/(defined $1 ? $1 : "") . "***"/ge }
    $line =~ s/(?<=[\w\/.*-])\?[^\s"',]+/?***/g unless $line =~ /^\{/;    # what is asked for may be anything
    my $said = $line =~ /^\{.*\}$/ ? ours($line) : wrapped($line);
    utf8::encode($said);
    return "$said\n";
}

# It is JSON already, and may lack a name.
sub ours {
    my ($line) = @_;
    return $line if $line =~ /"service\.name"/;
    return $line =~ s/^\{/"{" . quoted("ecs.version", "%%ecs") . "," . place() . ","/er;
}

sub wrapped {
    my ($line) = @_;
    my ($level) = $line =~ /^[\d\/]+ [\d:]+ \[(\w+)\]/ ? $1 : $line =~ /\b([A-Z]{3,7}): / ? $1 : "info";
    my ($pid) = $line =~ /^[\d\/]+ [\d:]+ \[\w+\] (\d+)#/ ? $1 : $line =~ /\[(\d+)\]|^(\d+):\w / ? ($1 // $2) : ();
    my ($client) = $line =~ /, client: ([\da-f.:]+),/;
    return "{" . join(",",
        quoted("\@timestamp", strftime("%Y-%m-%dT%H:%M:%S.000Z", gmtime)),
        quoted("log.level", $LEVELS{lc $level} // "info"),
        quoted("message", $line),
        quoted("ecs.version", "%%ecs"),
        place(),
        ($pid ? "\"process.pid\":$pid" : ()),
        ($client ? quoted("client.ip", $client) : ()),
    ) . "}";
}

sub place {
    my $kind = $name eq "gateway" ? "error" : "log";
    return join(",", quoted("service.name", $name), quoted("event.dataset", "$name.$kind"),
        quoted("host.hostname", (POSIX::uname())[1]));
}

sub quoted {
    my ($key, $value) = @_;
    $value =~ s/([\\"])/\\$1/g;
    $value =~ s/([\x00-\x1f\x7f])/sprintf("\\u%04x", ord $1)/ge;
    return "\"$key\":\"$value\"";
}
