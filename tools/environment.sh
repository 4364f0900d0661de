# Sourced by the scripts of tools/: the environment that every build and test of ours runs in.

# The Go that tools/deps fetched, where the machine has none.
if [ -x "$PWD/build/go/bin/go" ]; then
  PATH=$PWD/build/go/bin:$PATH
fi

# Nothing of ours may touch the cluster that the user happens to be logged in to.
unset KUBECONFIG

# Sorting and messages are compared by tests.
export PATH LC_ALL=C.UTF-8
