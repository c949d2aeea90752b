package storagetest_test

import (
	"testing"

	"custodian/storage"
	"custodian/storage/storagetest"
)

func TestMemory(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storage.Store { return storagetest.Memory() })
}

func TestMemoryMarks(t *testing.T) {
	t.Parallel()
	storagetest.RunMarks(t, func(*testing.T) storage.Marks { return storagetest.MemoryMarks() })
}
